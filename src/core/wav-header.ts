/**
 * The header of a WAV file, read from pieces of any size: RIFF, RF64 and BW64, WAVE_FORMAT_EXTENSIBLE, chunks in any
 * order before the audio, with and without the pad byte that belongs behind an odd one.
 */
import { beginsLikeWav, latin1, magicOf, mpegOf } from './audio-magic.js';
import { MAX_CHANNELS, MAX_SAMPLE_RATE_HZ, type PcmFormat, type SampleFormat } from './pcm-format.js';

/** What is said instead of a number of bytes that nobody knows yet. */
const UNKNOWN_32 = 0xffffffff;
/** sox and arecord, writing into a pipe, say about 2 GiB. */
const PIPE_FROM = 0x7ffff000;
const PIPE_TO = 0x80000000;

/** Bytes of `fmt ` and `ds64` that are looked at; the longest `fmt ` is EXTENSIBLE's. */
const FMT_BYTES = 40;
const DS64_BYTES = 16;

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

const CODECS: Readonly<Record<number, string>> = {
  0x2: 'Microsoft ADPCM',
  0x6: 'A-law',
  0x7: 'mu-law',
  0x11: 'IMA ADPCM',
  0x31: 'GSM 6.10',
  0x50: 'MPEG audio',
  0x55: 'MP3',
  0xff: 'AAC',
  0x161: 'Windows Media Audio',
  0x674f: 'Ogg Vorbis',
};

const INTEGERS: Readonly<Record<number, SampleFormat>> = { 1: 'u8', 2: 's16le', 3: 's24le', 4: 's32le' };
const FLOATS: Readonly<Record<number, SampleFormat>> = { 4: 'f32le', 8: 'f64le' };

const CONVERT = 'convert it: `ffmpeg -i INPUT -c:a pcm_s16le OUTPUT.wav`';
const RAW = 'raw audio without a header, say how it is written (`--raw`, or `format: pcm` in the configuration)';

export interface WavLayout extends PcmFormat {
  /** Bytes of audio that the header announces; undefined: until the end. */
  readonly dataBytes: number | undefined;
}

/** Why it cannot be read; `what` follows the name of the file. */
export interface WavFault {
  readonly what: string;
  readonly hint: string;
}

type State = 'riff' | 'chunk' | 'afterOdd' | 'fmt ' | 'ds64';

const NEEDS: Readonly<Record<State, number>> = { riff: 12, chunk: 8, afterOdd: 5, 'fmt ': FMT_BYTES, ds64: DS64_BYTES };

export class WavHeader {
  /** Present: the header is complete, audio follows. */
  layout: WavLayout | undefined;
  /** Present: it is no WAV file that can be read. */
  fault: WavFault | undefined;
  readonly #held = Buffer.alloc(FMT_BYTES);
  #heldBytes = 0;
  #state: State = 'riff';
  #need = NEEDS.riff;
  /** Of the chunk that is being read: bytes behind those that are looked at. */
  #rest = 0;
  #odd = false;
  /** Bytes to pass over before anything else. */
  #skip = 0;
  #format: PcmFormat | undefined;
  /** From `ds64`: bytes of audio. */
  #longBytes: number | undefined;

  /** @returns how many of the bytes belong to the header; what follows them is audio, once there is a `layout` */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.layout === undefined && this.fault === undefined) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const taken = bytes.subarray(at, at + this.#need - this.#heldBytes);
      this.#held.set(taken, this.#heldBytes);
      this.#heldBytes += taken.length;
      at += taken.length;
      if (this.#heldBytes === this.#need) this.#step();
    }
    return at;
  }

  /** There are no more bytes: a header that is not complete is a fault. */
  end(): void {
    if (this.layout !== undefined || this.fault !== undefined) return;
    const begun = this.#held.subarray(0, this.#heldBytes);
    if (this.#state !== 'riff') this.#refuse('is a WAV file that ends before its audio', 'record or copy it again');
    else if (begun.length === 0) this.#refuse('is empty', 'record or copy it again');
    else this.#refuseOther(begun);
  }

  #step(): void {
    const held = this.#held.subarray(0, this.#heldBytes);
    switch (this.#state) {
      case 'riff':
        if (!beginsLikeWav(held)) return this.#refuseOther(held);
        if (latin1(held.subarray(8)) !== 'WAVE') {
          return this.#refuse(`is a RIFF file of type ${printable(held.subarray(8))}, not WAV`, CONVERT);
        }
        return this.#next('chunk');
      case 'afterOdd':
        return this.#find(held);
      case 'chunk':
        return this.#chunk(latin1(held.subarray(0, 4)), held.readUInt32LE(4));
      case 'fmt ':
        return this.#readFormat(held);
      case 'ds64':
        if (held.length === DS64_BYTES) this.#longBytes = Number(held.readBigUInt64LE(8));
        return this.#leaveChunk();
    }
  }

  #next(state: State, need = NEEDS[state]): void {
    this.#state = state;
    this.#need = need;
    this.#heldBytes = 0;
  }

  /** Behind an odd chunk: whether the pad byte is there that some programs forget. */
  #find(held: Buffer): void {
    const padded =
      isKnown(held.subarray(1)) || (!isKnown(held) && (held[0] === 0 || !isPrintable(held.subarray(0, 4))));
    if (padded) held.copyWithin(0, 1);
    this.#state = 'chunk';
    this.#need = NEEDS.chunk;
    this.#heldBytes = padded ? 4 : 5;
  }

  #chunk(id: string, size: number): void {
    if (id === 'data') return this.#begin(size);
    if (!isPrintable(this.#held.subarray(0, 4))) {
      return this.#refuse('is a damaged WAV file: its chunks do not follow each other', CONVERT);
    }
    if (id === 'fmt ' && size < 16) return this.#refuse('is a damaged WAV file: its format is cut short', CONVERT);
    const looked = id === 'fmt ' ? Math.min(size, FMT_BYTES) : id === 'ds64' ? Math.min(size, DS64_BYTES) : 0;
    this.#odd = size % 2 === 1;
    this.#rest = size - looked;
    if (looked === 0) this.#leaveChunk();
    else this.#next(id === 'fmt ' ? 'fmt ' : 'ds64', looked);
  }

  #leaveChunk(): void {
    this.#skip = this.#rest;
    this.#next(this.#odd ? 'afterOdd' : 'chunk');
  }

  /** [MS-RIFF]: tag, channels, rate, bytes a second, bytes a frame, bits a sample; EXTENSIBLE: the tag begins a GUID. */
  #readFormat(held: Buffer): void {
    const extended = held.readUInt16LE(0) === EXTENSIBLE && held.length >= 26;
    const tag = held.readUInt16LE(extended ? 24 : 0);
    const channels = held.readUInt16LE(2);
    const sampleRateHz = held.readUInt32LE(4);
    const frameBytes = held.readUInt16LE(12);
    const bits = held.readUInt16LE(14);
    if (tag !== PCM && tag !== FLOAT) {
      const codec = CODECS[tag] ?? `codec 0x${tag.toString(16)}`;
      return this.#refuse(`holds ${codec}, not plain samples`, CONVERT);
    }
    if (channels < 1 || channels > MAX_CHANNELS || sampleRateHz < 1 || sampleRateHz > MAX_SAMPLE_RATE_HZ) {
      return this.#refuse(`says that it has ${channels} channels at ${sampleRateHz} Hz, which cannot be`, CONVERT);
    }
    // 20 bits lie in 3 bytes, at the upper end; some writers leave the bytes a frame 0.
    const sampleBytes = frameBytes === 0 ? Math.ceil(bits / 8) : frameBytes / channels;
    const format = (tag === FLOAT ? FLOATS : INTEGERS)[sampleBytes];
    if (format === undefined || Math.ceil(bits / 8) > sampleBytes) {
      const kind = tag === FLOAT ? 'float' : 'integer';
      return this.#refuse(
        `has ${kind} samples of ${bits} bits in ${sampleBytes} bytes, which kioku does not read`,
        CONVERT,
      );
    }
    this.#format = { sampleRateHz, channels, format };
    this.#leaveChunk();
  }

  #begin(size: number): void {
    if (this.#format === undefined) return this.#refuse('is a damaged WAV file: it does not say its format', CONVERT);
    const long = size === UNKNOWN_32 ? this.#longBytes : undefined;
    const announced = long ?? size;
    const unknown = announced === 0 || announced === UNKNOWN_32 || (size >= PIPE_FROM && size <= PIPE_TO);
    this.layout = { ...this.#format, dataBytes: unknown ? undefined : announced };
  }

  #refuse(what: string, hint: string): void {
    this.fault = { what, hint };
  }

  #refuseOther(begun: Uint8Array): void {
    const other = magicOf(begun) ?? mpegOf(begun);
    if (other === undefined) this.#refuse('does not begin like a WAV file', `${CONVERT}; if it is ${RAW}`);
    else this.#refuse(`is ${other}, not WAV`, CONVERT);
  }
}

const KNOWN = new Set([
  'data',
  'fmt ',
  'ds64',
  'fact',
  'LIST',
  'bext',
  'JUNK',
  'junk',
  'PEAK',
  'cue ',
  'smpl',
  'id3 ',
  'ID3 ',
  'iXML',
  'PAD ',
  'FLLR',
]);

function isKnown(bytes: Uint8Array): boolean {
  return KNOWN.has(latin1(bytes.subarray(0, 4)));
}

function isPrintable(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}

function printable(bytes: Uint8Array): string {
  return latin1(bytes).replaceAll(/[^\x20-\x7E]/g, '?');
}
