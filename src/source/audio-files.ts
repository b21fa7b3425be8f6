/** Audio from files and standard input, as fast as it is taken or in its own time. */
import type { Readable } from 'node:stream';
import { BehaviorSubject, Subject } from 'rxjs';
import type { Micros, Packet, Source, SourceStatus } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { SourceContext, SourceKind } from '../core/kind.js';
import type { PcmFormat } from '../core/pcm-format.js';
import type { Route } from '../core/topic.js';
import {
  type AudioFilesOptions,
  audioFilesSchema,
  type Recording,
  recordingsOf,
  STDIN,
} from './audio-files-options.js';
import { AudioInput, checkAudioFile, openAudioFile, type Piece, PipedBytes } from './audio-input.js';
import { Credit } from './credit.js';
import { Pace } from './pace.js';
import type { Arrival } from './packet-queue.js';

/** Packets of one emission at most: a second of one stream, or one packet of each of many. */
const BATCH = 10;

/** Between two recordings of one stream: longer than any interruption that is bridged. */
const BETWEEN_US = 3_600_000_000;

interface Stdin extends Readable {
  readonly isTTY?: boolean;
}

interface Track {
  readonly input: AudioInput;
  readonly route: Route;
  /** Where it begins in its stream. */
  readonly beginUs: Micros;
  /** How its raw audio is written. */
  properties?: NonNullable<Packet['properties']>;
}

interface Due {
  readonly us: Micros;
  readonly packet: Arrival;
}

/**
 * A packet holds up to 100 ms; `arrivedUs` is its position. The last packet of a file is empty and has mark `end`.
 * Packets of raw audio say their format in `properties`.
 */
export class AudioFilesSource implements Source {
  readonly mode = 'pause';
  readonly clock = 'data';
  readonly packets = new Subject<readonly Packet[]>();
  readonly status = new BehaviorSubject<SourceStatus>('down');
  readonly #options: AudioFilesOptions;
  readonly #context: SourceContext;
  readonly #stdin: () => Stdin;
  readonly #abort = new AbortController();
  readonly #credit = new Credit(this.#abort.signal);
  readonly #recordings: readonly Recording[];
  readonly #playing: Track[] = [];
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #seq = 0;
  /** Where the next file of the one stream begins. */
  #nextBeginUs: Micros = 0;

  constructor(options: AudioFilesOptions, context: SourceContext, stdin: () => Stdin) {
    this.#options = options;
    this.#context = context;
    this.#stdin = stdin;
    const files = typeof options.files === 'string' ? [options.files] : options.files;
    this.#recordings = recordingsOf(files, context.baseDir, options.stream);
  }

  /**
   * Looks at every file; standard input is looked at when its turn comes.
   * @throws UserError `DATA_MISSING` when one cannot be read, `AUDIO_INVALID` when one is not audio that can be read
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (const { file } of this.#recordings) await this.#check(file);
    this.status.next('up');
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    await this.#stopped;
  }

  credit(packets: number): void {
    this.#credit.add(packets);
  }

  /** A file forgets nothing. */
  ackThrough(): void {}

  async #shutDown(): Promise<void> {
    this.#abort.abort();
    // First, because somebody may be waiting for standard input.
    await this.#close();
    await this.#running;
    await this.#close();
    this.packets.complete();
  }

  async #check(file: string): Promise<void> {
    if (file !== STDIN) return checkAudioFile(file, this.#options);
    if (this.#stdin().isTTY !== true) return;
    throw new UserError('DATA_MISSING', 'standard input is a terminal', {
      hint: 'pipe audio into it, such as `arecord -f S16_LE -r 16000 -c 1 -t wav | kioku …`, or name a file',
    });
  }

  async #run(): Promise<void> {
    try {
      const most = this.#mostTogether();
      for (let from = 0; from < this.#recordings.length; from += most) {
        for (const { file, route } of this.#recordings.slice(from, from + most)) {
          const input = await this.#open(file);
          this.#playing.push({ input, route, beginUs: this.#nextBeginUs });
        }
        await this.#play();
        if (this.#abort.signal.aborted) break;
      }
      await this.#close();
      this.packets.complete();
    } catch (error) {
      await this.#close();
      if (!this.#abort.signal.aborted) this.packets.error(error);
    }
  }

  #mostTogether(): number {
    const { parallel } = this.#options;
    if (typeof parallel === 'number') return parallel;
    return parallel ? this.#recordings.length : 1;
  }

  async #open(file: string): Promise<AudioInput> {
    if (file !== STDIN) return openAudioFile(file, this.#options);
    const { format, pcm } = this.#options;
    return new AudioInput({ name: 'standard input', bytes: new PipedBytes(this.#stdin()), format, pcm, isPipe: true });
  }

  /** Everything that is open, to its end. */
  async #play(): Promise<void> {
    const pace = new Pace(this.#options.speed, this.#abort.signal);
    while (this.#playing.length > 0 && (await this.#credit.available())) {
      await pace.walk(await this.#take(), (due) => this.#emit(due));
    }
  }

  /** What is next, in the order of time, as far as it takes no waiting for more than the first. */
  async #take(): Promise<readonly Due[]> {
    const due: Due[] = [];
    const most = Math.min(this.#credit.packets, Math.max(BATCH, this.#playing.length));
    while (due.length < most && this.#playing.length > 0) {
      const track = earliest(this.#playing);
      if (due.length > 0 && !track.input.ready) break;
      const piece = await track.input.next();
      due.push(this.#due(track, piece));
      if (piece === undefined) {
        this.#playing.splice(this.#playing.indexOf(track), 1);
        if (this.#options.stream !== undefined) this.#nextBeginUs += track.input.us + BETWEEN_US;
        await track.input.close();
      }
    }
    return due;
  }

  /** @param piece absent: the end */
  #due(track: Track, piece: Piece | undefined): Due {
    const { route, input, beginUs } = track;
    const us = beginUs + (piece?.us ?? input.us);
    const bytes = piece?.bytes ?? new Uint8Array(0);
    const packet: Arrival = { source: this.#context.index, seq: 0, topic: route.stream, route, bytes, arrivedUs: us };
    if (piece === undefined) packet.mark = 'end';
    if (input.raw !== undefined) packet.properties = track.properties ??= this.#assumed(route.stream, input.raw);
    return { us, packet };
  }

  /** Raw audio that nobody said is raw: a wrong guess would be noise or speech at the wrong speed, so it is told. */
  #assumed(stream: string, format: PcmFormat): NonNullable<Packet['properties']> {
    if (this.#options.format === 'auto') {
      this.#context.log.warn({ stream, ...format }, 'audio without a header is taken to be raw audio of this format');
    }
    return propertiesOf(format);
  }

  #emit(due: readonly Due[]): void {
    const batch: Packet[] = [];
    for (const { packet } of due) {
      packet.seq = ++this.#seq;
      batch.push(packet);
    }
    this.#credit.spend(batch.length);
    this.packets.next(batch);
  }

  async #close(): Promise<void> {
    for (const { input } of this.#playing) await input.close();
    if (this.status.value === 'up') this.status.next('down');
  }
}

function earliest(tracks: readonly Track[]): Track {
  let first = tracks[0];
  for (const track of tracks) if (track.input.us < first.input.us) first = track;
  return first;
}

function propertiesOf({ sampleRateHz, channels, format }: PcmFormat): NonNullable<Packet['properties']> {
  return { sampleRateHz: String(sampleRateHz), channels: String(channels), format };
}

export const audioFilesKind: SourceKind<typeof audioFilesSchema> = {
  schema: audioFilesSchema,
  decoder: 'wav',
  past: true,
  create: (options, context) => new AudioFilesSource(options, context, () => process.stdin),
};
