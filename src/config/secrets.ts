/** Secrets do not belong in a configuration: it is committed, copied and shown. Only references are accepted. */
import type { Finding, Path } from './problems.js';

const SECRET_KEY = /^(pass(word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key)$/i;
const URL_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s]+@/i;
const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Finds passwords written out: by the name of their key, as a login in a URL, as a private key. Never repeats them. */
export function inlineSecrets(value: unknown, path: Path = []): Finding[] {
  if (typeof value === 'string') return secretText(value, path);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (!SECRET_KEY.test(key) || typeof inner === 'object') return inlineSecrets(inner, here);
    return [
      {
        path: here,
        atKey: true,
        reason: 'is a secret, which does not belong in the configuration',
        hint: 'write passwordFile: PATH or passwordEnv: NAME of an environment variable instead',
      },
    ];
  });
}

function secretText(text: string, path: Path): Finding[] {
  if (URL_WITH_PASSWORD.test(text)) {
    return [
      {
        path,
        reason: 'has a password in the URL, which does not belong in the configuration',
        hint: 'write username: NAME and passwordFile: PATH or passwordEnv: NAME beside the url',
      },
    ];
  }
  if (!PEM.test(text)) return [];
  return [
    {
      path,
      reason: 'is a private key, which does not belong in the configuration',
      hint: 'write the path of the key file instead',
    },
  ];
}
