/** Where model folders lie: `models/` of the working directory, else the user's own. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What decides; `process.cwd()`, `process.env` and `process.platform` outside of tests. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
}

export function surroundings(): Surroundings {
  return { cwd: process.cwd(), env: process.env, platform: process.platform };
}

/** Where a model goes that is pulled without `--to`. */
export function folderFor(name: string, around: Surroundings): string {
  const [here, own] = modelFolders(around);
  return join(existsSync(here) ? here : own, name);
}

/** The folder of a model that has been pulled; undefined when there is none of that name. */
export function findModel(name: string, around: Surroundings): string | undefined {
  return modelFolders(around)
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(folder));
}

/** https://specifications.freedesktop.org/basedir-spec/latest/, and its like on Windows. */
export function modelFolders({ cwd, env, platform }: Surroundings): readonly [here: string, own: string] {
  const data = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_DATA_HOME'];
  const home = data === undefined || data === '' ? join(homedir(), '.local', 'share') : data;
  return [join(cwd, 'models'), join(home, 'kioku', 'models')];
}
