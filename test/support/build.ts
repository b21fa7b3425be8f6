/** Compiles `dist/` once before the tests, because the command line is tested as it is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** vitest `globalSetup`. Types are `npm run typecheck`'s business: code with a type error is still compiled and tested. */
export default function build(): void {
  const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
  const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noEmitOnError', 'false'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (!existsSync(`${ROOT}dist/cli/main.js`)) {
    throw new Error(`tsc did not write dist/cli/main.js:\n${result.stdout}${result.stderr}`);
  }
}
