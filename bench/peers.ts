/**
 * Peers that are not dependencies of kioku are installed when a benchmark first asks for them, in exact versions and
 * without running their install scripts, below `bench/.peers/`, which git ignores. So `npm ci` stays small.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const CACHE = fileURLToPath(new URL('.peers/', import.meta.url));
const INSTALL = [
  'install',
  '--ignore-scripts',
  '--save-exact',
  '--no-audit',
  '--no-fund',
  '--fetch-retries=1',
  '--fetch-timeout=30000',
];
/** The largest, Node-RED, takes 20 s on a slow machine. */
const LIMIT_MS = 180_000;

/**
 * A folder whose `node_modules` has these packages.
 *
 * @param packages exact versions, such as `onnxruntime-web@1.23.0`
 * @throws Error when they cannot be installed, such as without a network. The benchmark notes its message and leaves out
 *   the rows of that peer
 */
export async function peerFolder(packages: readonly string[]): Promise<string> {
  const folder = join(CACHE, packages.join('+').replaceAll('/', '-'));
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  // Renamed when complete: what was broken off is never taken for installed.
  const unfinished = await mkdtemp(join(CACHE, '.unfinished-'));
  try {
    await writeFile(join(unfinished, 'package.json'), JSON.stringify({ private: true }));
    await promisify(execFile)('npm', [...INSTALL, ...packages], { cwd: unfinished, timeout: LIMIT_MS });
    if (!existsSync(folder)) await rename(unfinished, folder);
  } catch (cause) {
    const reason = /npm (?:error|ERR!) (?!code)(.*)/.exec((cause as { stderr?: string }).stderr ?? '')?.[1];
    throw new Error(`${packages.join(', ')} could not be installed${reason ? `: ${reason}` : ''}`, { cause });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** What a package in a {@link peerFolder} exports; `specifier` may go into the package: `@tensorflow/tfjs/dist/tf.node.js`. */
export async function importPeer(folder: string, specifier: string): Promise<unknown> {
  const path = createRequire(join(folder, 'package.json')).resolve(specifier);
  return import(pathToFileURL(path).href);
}
