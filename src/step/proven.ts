/** Models that were opened and stepped without harm, remembered over restarts: a large one is tried once, not at each start. */
import { createHash } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../core/errors.js';
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
      await mkdir(this.folder, { recursive: true });
      await writeFile(this.#path(what), `${what.join('\n')}\n`);
    } catch (error) {
      this.log.debug({ folder: this.folder, reason: messageOf(error) }, 'cannot remember that a model is proven');
    }
  }

  #path(what: readonly string[]): string {
    return join(this.folder, createHash('sha256').update(what.join('\n')).digest('hex'));
  }
}
