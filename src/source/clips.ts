/** Recording of audio: every stretch of every stream as WAV files, which any player opens and `audio-files` reads. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame, Micros } from '../core/contracts.js';
import { counted } from '../core/counted.js';
import { BugError, messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { toIso } from '../core/time.js';
import { writeWhole } from '../core/whole-file.js';
import { Clip } from './clip.js';
import { diskFailure } from './disk-failure.js';

/** A clip ends here at the latest, and the next begins. */
const CLIP_SECONDS = 300;
/** Samples in memory, over all streams (32 MB); beyond, the longest clip ends. */
const MOST_VALUES = 8_388_608;
/** Times before that are positions in a file. */
const YEAR_2000_US = 946_684_800e6;
const NAME_CHARS = 100;

interface OpenClip {
  readonly clip: Clip;
  readonly stream: string;
  readonly us: Micros;
}

export class ClipWriter {
  readonly #folder: string;
  readonly #open = new Map<string, OpenClip>();
  readonly #names = new Set<string>();
  readonly #written: string[] = [];
  #seconds = 0;
  #values = 0;
  #busy: Promise<void> = Promise.resolve();
  #failure: UserError | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws UserError `DISK` when the folder cannot be made */
  static async create(folder: string): Promise<ClipWriter> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new UserError('DISK', `the folder ${folder} cannot be made: ${messageOf(cause)}`, {
        hint: 'choose another with --out',
        cause,
      });
    }
    return new ClipWriter(folder);
  }

  /** Paths of the clips that are on the disk. */
  get written(): readonly string[] {
    return this.#written;
  }

  /** Length of what is on the disk. */
  get seconds(): number {
    return this.#seconds;
  }

  /**
   * Takes audio. Await it before more is taken: it resolves when the clips that ended with it are written.
   * @throws UserError `DISK`; clips that were written before stay
   */
  append(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) this.#take(frame);
    return this.#busy;
  }

  /** Ends and writes the clips that are open. @throws UserError `DISK` */
  close(): Promise<void> {
    for (const open of this.#open.values()) this.#end(open);
    return this.#busy;
  }

  #take({ stream, us, signal, data, mark }: Frame): void {
    if (signal.kind !== 'audio') throw new BugError('only audio becomes clips');
    const { rateHz, channels } = signal;
    let open = this.#open.get(stream);
    const goesOn =
      mark !== 'start' && mark !== 'gap' && open?.clip.rateHz === rateHz && open.clip.channels === channels;
    if (open !== undefined && !goesOn) {
      this.#end(open);
      open = undefined;
    }
    if (data.length > 0) {
      open ??= { clip: new Clip(rateHz, channels), stream, us };
      this.#open.set(stream, open);
      open.clip.push(data);
      this.#values += data.length;
    }
    if (open !== undefined && (mark === 'end' || open.clip.seconds >= CLIP_SECONDS)) this.#end(open);
    if (this.#values > MOST_VALUES) this.#end(this.#longest());
  }

  #longest(): OpenClip {
    let longest: OpenClip | undefined;
    for (const open of this.#open.values()) {
      if (longest === undefined || open.clip.values > longest.clip.values) longest = open;
    }
    if (longest === undefined) throw new BugError('samples in memory, but no clip');
    return longest;
  }

  /** Hands the clip to the disk, behind those before it. */
  #end({ clip, stream, us }: OpenClip): void {
    this.#open.delete(stream);
    this.#values -= clip.values;
    this.#busy = this.#busy.then(() => this.#write(clip, stream, us));
    // Whoever awaits it next gets the error.
    this.#busy.catch(() => {});
  }

  async #write(clip: Clip, stream: string, us: Micros): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const path = join(this.#folder, await this.#name(stream, us));
    try {
      await writeWhole(path, clip.toWav());
    } catch (cause) {
      this.#failure = diskFailure(path, cause, `the ${counted(this.#written.length, 'clip')} written before are kept`);
      throw this.#failure;
    }
    this.#written.push(path);
    this.#seconds += clip.seconds;
  }

  /** Of the stream and the time at which the clip begins; never one that is there already. */
  async #name(stream: string, us: Micros): Promise<string> {
    const begun = `${plain(stream)}-${stamp(us)}`;
    let name = `${begun}.wav`;
    for (let n = 2; this.#names.has(name) || (await exists(join(this.#folder, name))); n++) name = `${begun}-${n}.wav`;
    this.#names.add(name);
    return name;
  }
}

/** The name of a stream may be any topic; that of a file not. */
function plain(stream: string): string {
  const safe = stream.replaceAll(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._-]+/, '');
  return safe.slice(0, NAME_CHARS) || 'audio';
}

/** Sorts by time: `2026-05-01T120000.250Z`, or the position in a recording, `000012.500s`. */
function stamp(us: Micros): string {
  if (us < YEAR_2000_US) return `${(us / 1e6).toFixed(3).padStart(10, '0')}s`;
  return toIso(Math.floor(us / 1000) * 1000).replaceAll(':', '');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
