/** Reading a configuration: every mistake at once, each with its place; the modules of the kinds that are used. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { Check } from './check.js';
import type { Config } from './config.js';
import { ConfigError } from './problems.js';
import { REGISTRY, type Registry } from './registry.js';
import { inlineSecrets } from './secrets.js';
import { YamlFile } from './yaml-file.js';

/**
 * @param path of a YAML file
 * @param registry the kinds there are
 * @throws UserError `CONFIG_MISSING` when it cannot be read
 * @throws ConfigError `CONFIG_INVALID` with every mistake in it
 */
export async function loadConfig(path: string, registry: Registry = REGISTRY): Promise<Config> {
  const file = resolve(path);
  return parseConfig(await read(path), file, path, registry);
}

/**
 * The same from a text.
 * @param file absolute path that it has or will have: gives the name and where relative paths start
 * @param shown how errors call the file
 * @throws ConfigError
 */
export async function parseConfig(
  text: string,
  file: string,
  shown: string,
  registry: Registry = REGISTRY,
): Promise<Config> {
  const yaml = new YamlFile(text);
  const problems = yaml.syntaxProblems;
  if (!yaml.readable) throw new ConfigError(shown, problems);
  const read = yaml.toValue();
  if ('finding' in read) throw new ConfigError(shown, [yaml.locate(read.finding)]);

  const check = new Check(registry);
  const config = await check.config(read.value, file);
  const findings = [...inlineSecrets(read.value)];
  const secret = new Set(findings.map((finding) => finding.path.join('\n')));
  for (const finding of check.findings) if (!secret.has(finding.path.join('\n'))) findings.push(finding);
  problems.push(...findings.map((finding) => yaml.locate(finding)));
  if (config === undefined || problems.length > 0) {
    throw new ConfigError(
      shown,
      problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
    );
  }
  return config;
}

/**
 * A configuration made by a program instead of written in a file; the same keys as in YAML.
 * @param value plain data
 * @param file absolute path that stands for it: gives the default name, and where relative paths start
 * @throws ConfigError with every mistake; its lines count in the value printed as JSON
 */
export function defineConfig(value: object, file: string = resolve('kioku.yaml')): Promise<Config> {
  return parseConfig(JSON.stringify(value, undefined, 2), file, 'the configuration');
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const absent = systemCodeOf(error) === 'ENOENT';
    throw new UserError(
      'CONFIG_MISSING',
      absent ? `there is no file ${path}` : `cannot read ${path}: ${messageOf(error)}`,
      {
        hint: 'give the path of a YAML configuration; `kioku init mqtt://…` writes one',
        cause: error,
      },
    );
  }
}
