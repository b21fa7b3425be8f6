/** The version of this package, as in package.json. */
import { readFileSync } from 'node:fs';

/** @returns such as `0.1.0`; works from `src/` and from `dist/`, which lie at the same depth */
export function kiokuVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
