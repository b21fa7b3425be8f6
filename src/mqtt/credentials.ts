/** Password and certificates, read where the configuration points to. What is read never goes into a log or an error. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemCodeOf, UserError } from '../core/errors.js';
import type { ConnectionOptions } from './options.js';

/** As mqtt.js and `node:tls` want them. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * @param baseDir where relative paths start
 * @throws UserError `SECRET_MISSING` when a file or variable is absent or empty
 */
export function readCredentials(options: ConnectionOptions, baseDir: string): Credentials {
  const { username, passwordFile, passwordEnv, ca, cert, key } = options;
  return {
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: firstLine(read('passwordFile', baseDir, passwordFile)) }),
    ...(passwordEnv === undefined ? {} : { password: variable(passwordEnv) }),
    ...(ca === undefined ? {} : { ca: read('ca', baseDir, ca) }),
    ...(cert === undefined ? {} : { cert: read('cert', baseDir, cert) }),
    ...(key === undefined ? {} : { key: read('key', baseDir, key) }),
  };
}

function read(option: string, baseDir: string, path: string): Buffer {
  const full = resolve(baseDir, path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(full);
  } catch (cause) {
    throw new UserError('SECRET_MISSING', `${option}: cannot read ${full} (${systemCodeOf(cause) ?? 'unknown'})`, {
      hint: 'create the file and let the user that runs kioku read it',
      cause,
    });
  }
  if (bytes.length === 0) {
    throw new UserError('SECRET_MISSING', `${option}: ${full} is empty`, { hint: 'write the secret into the file' });
  }
  return bytes;
}

function firstLine(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new UserError('SECRET_MISSING', `passwordEnv: the environment variable ${name} is not set`, {
      hint: `set ${name} for the process that runs kioku`,
    });
  }
  return value;
}
