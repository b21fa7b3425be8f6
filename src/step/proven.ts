/** Models that were opened and stepped without harm, remembered over restarts: a large one is tried once, not at each start. */
import { createHash } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, systemCodeOf } from '../core/errors.js';
import type { Log } from '../core/log.js';

/** https://specifications.freedesktop.org/basedir-spec/latest/, and its like on Windows. */
function provenFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const cache = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'kioku', 'proven');
}

/** One file a proof: its name is the digest of what was proved, its text is for whoever wonders. */
export class Proven {
  constructor(
    private readonly log: Log,
    private readonly folder = provenFolder(process.env, process.platform),
  ) {}

  /** @param what everything that the proof depends on */
  async has(what: readonly string[]): Promise<boolean> {
    return access(this.#path(what)).then(
      () => true,
      () => false,
    );
  }

  /** What cannot be written is tried again at the next start. */
  async add(what: readonly string[]): Promise<void> {
    try {
      await makeFolder(this.folder);
      await writeFile(this.#path(what), `${what.join('\n')}\n`);
    } catch (error) {
      this.log.debug({ folder: this.folder, reason: messageOf(error) }, 'cannot remember that a model is proven');
    }
  }

  #path(what: readonly string[]): string {
    return join(this.folder, createHash('sha256').update(what.join('\n')).digest('hex'));
  }
}

/**
 * Makes a folder and those above it. mkdir's own `recursive` never ends, not even for SIGINT, where the system says ENOENT
 * of a folder that it does not let anybody make (/proc, maps of automount): it tries the one above, which is there, again
 * and again.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}
