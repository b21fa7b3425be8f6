/** The audio of one file, or of standard input, piece by piece: what is in memory does not grow with its length. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { beginsLikeWav, magicOf } from '../core/audio-magic.js';
import type { Micros } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { bytesPerFrame, type PcmFormat } from '../core/pcm-format.js';
import { type WavFault, WavHeader } from '../core/wav-header.js';
import { unreadable } from './unreadable.js';

/** `auto`: WAV where it begins like WAV; other standard input is raw audio, another file is refused. */
export type AudioFormat = 'auto' | 'wav' | 'pcm';

/** Audio in one piece at most: what paces, and batches, goes by. */
const PIECE_MS = 100;
const READ_BYTES = 65_536;
/** Enough to tell what it is. */
const SNIFFED_BYTES = 16;

/** Part of an input. */
export interface Piece {
  /** Position of its first sample. */
  readonly us: Micros;
  readonly bytes: Uint8Array;
}

/** Bytes, in order. */
export interface ByteReader {
  /** @returns some bytes, about `most` at most, for the caller to keep; undefined at the end */
  read(most: number): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** @throws the error of the file system; UserError `DATA_MISSING` for what is no regular file */
async function openFile(path: string): Promise<ByteReader> {
  // Before it is opened, which for a pipe waits until somebody writes.
  if ((await stat(path)).isFile()) return new FileBytes(await open(path));
  throw new UserError('DATA_MISSING', `${path} is not a regular file`, {
    hint: 'a pipe or a device is read from standard input: name the file - and redirect it there',
  });
}

class FileBytes implements ByteReader {
  constructor(private readonly file: FileHandle) {}

  async read(most: number): Promise<Uint8Array | undefined> {
    const { bytesRead, buffer } = await this.file.read(Buffer.allocUnsafeSlow(most), 0, most);
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** Standard input. It is read only when asked, so that the pipe, and whoever writes to it, waits. */
export class PipedBytes implements ByteReader {
  readonly #pieces: AsyncIterator<Buffer>;

  constructor(private readonly stream: Readable) {
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(): Promise<Uint8Array | undefined> {
    const next = await this.#pieces.next();
    return next.done === true ? undefined : next.value;
  }

  close(): Promise<void> {
    // Ends a `read` that is waiting, and lets the process end.
    this.stream.destroy();
    return Promise.resolve();
  }
}

export interface InputParts {
  /** For messages. */
  readonly name: string;
  readonly bytes: ByteReader;
  readonly format: AudioFormat;
  /** How raw audio is written. */
  readonly pcm: PcmFormat;
  readonly isPipe: boolean;
}

export class AudioInput {
  readonly #parts: InputParts;
  readonly #header = new WavHeader();
  /** Known once the header is read. */
  #format: PcmFormat | undefined;
  #isRaw: boolean | undefined;
  readonly #pieces: Piece[] = [];
  /** Bytes of audio in pieces so far. */
  #taken = 0;
  #ended = false;

  constructor(parts: InputParts) {
    this.#parts = parts;
  }

  /** Present: it is raw audio, and this is how it is written. Known with the first piece. */
  get raw(): PcmFormat | undefined {
    return this.#isRaw === true ? this.#parts.pcm : undefined;
  }

  /** Position of what `next` gives; at the end, the length. */
  get us(): Micros {
    return this.#pieces.length > 0 ? this.#pieces[0].us : this.#position();
  }

  /** Whether `next` gives a piece without reading. */
  get ready(): boolean {
    return this.#pieces.length > 0 || this.#ended;
  }

  /**
   * @returns undefined at the end
   * @throws UserError `AUDIO_INVALID` when it is not what it should be, `DATA_MISSING` when it cannot be read
   */
  async next(): Promise<Piece | undefined> {
    while (!this.ready) await this.#read();
    return this.#pieces.shift();
  }

  /** Reads no more than it takes to know that it is audio. @throws as `next` */
  async check(): Promise<void> {
    while (this.#format === undefined && !this.#ended) {
      await this.#read();
      this.#pieces.length = 0;
    }
  }

  close(): Promise<void> {
    return this.#parts.bytes.close();
  }

  async #read(): Promise<void> {
    const bytes = await this.#some();
    if (this.#isRaw === undefined) this.#recognise(bytes ?? Buffer.alloc(0));
    this.#ended = bytes === undefined;
    if (bytes !== undefined) this.#take(bytes);
    else if (this.#isRaw === false) this.#header.end();
    if (this.#header.fault !== undefined) throw this.#invalid(this.#header.fault);
  }

  /** At first so many that it can be told what it is. */
  async #some(): Promise<Uint8Array | undefined> {
    const most = this.#format === undefined ? READ_BYTES : readBytes(this.#format, this.#taken);
    try {
      let bytes = await this.#parts.bytes.read(most);
      while (this.#isRaw === undefined && bytes !== undefined && bytes.length < SNIFFED_BYTES) {
        const more = await this.#parts.bytes.read(most);
        if (more === undefined) break;
        bytes = Buffer.concat([bytes, more]);
      }
      return bytes;
    } catch (error) {
      throw unreadable(this.#parts.name, error);
    }
  }

  #recognise(begun: Uint8Array): void {
    const { format, isPipe, pcm } = this.#parts;
    this.#isRaw = format === 'pcm' || (format === 'auto' && isPipe && begun.length > 0 && !beginsLikeWav(begun));
    if (!this.#isRaw) return;
    this.#format = pcm;
    const other = magicOf(begun);
    if (format === 'auto' && other !== undefined) {
      const hint = 'convert it on the way: `ffmpeg -i INPUT -f wav - | kioku …`';
      throw this.#invalid({ what: `is ${other}, neither WAV nor raw audio`, hint });
    }
  }

  #take(bytes: Uint8Array): void {
    let from = 0;
    if (this.#format === undefined) {
      from = this.#header.push(bytes);
      if (from > 0) this.#pieces.push({ us: 0, bytes: bytes.subarray(0, from) });
      this.#format = this.#header.layout;
    }
    if (this.#format === undefined) return;
    const most = pieceBytes(this.#format);
    while (from < bytes.length) {
      // Pieces end where a tenth of a second ends, however the bytes were read.
      const to = Math.min(bytes.length, from + most - (this.#taken % most));
      this.#pieces.push({ us: this.#position(), bytes: bytes.subarray(from, to) });
      this.#taken += to - from;
      from = to;
    }
  }

  #position(): Micros {
    const format = this.#format;
    if (format === undefined) return 0;
    // What follows the audio (titles, pictures) takes no time.
    const audio = Math.min(this.#taken, this.#header.layout?.dataBytes ?? Number.POSITIVE_INFINITY);
    return Math.round((Math.floor(audio / bytesPerFrame(format)) * 1e6) / format.sampleRateHz);
  }

  #invalid({ what, hint }: WavFault): UserError {
    return new UserError('AUDIO_INVALID', `${this.#parts.name} ${what}`, { hint });
  }
}

/** How the audio of a file is written. */
type Written = Pick<InputParts, 'format' | 'pcm'>;

/** @throws UserError `DATA_MISSING` when it cannot be opened */
export async function openAudioFile(file: string, { format, pcm }: Written): Promise<AudioInput> {
  try {
    return new AudioInput({ name: file, bytes: await openFile(file), format, pcm, isPipe: false });
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(file, error);
  }
}

/** @throws UserError as `AudioInput.check` and `openAudioFile` */
export async function checkAudioFile(file: string, written: Written): Promise<void> {
  const input = await openAudioFile(file, written);
  try {
    await input.check();
  } finally {
    await input.close();
  }
}

function pieceBytes(format: PcmFormat): number {
  return Math.max(1, Math.round((format.sampleRateHz * PIECE_MS) / 1000)) * bytesPerFrame(format);
}

/** As many as end where a piece ends. @param taken bytes before */
function readBytes(format: PcmFormat, taken: number): number {
  const piece = pieceBytes(format);
  return Math.max(1, Math.floor(READ_BYTES / piece)) * piece - (taken % piece);
}
