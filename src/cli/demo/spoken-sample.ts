/** The sample that is played where there is no microphone: a recording of which it is known what is said, and when. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame } from '../../core/contracts.js';
import type { HeardWord } from './heard-words.js';
import { secondsOf } from './listening.js';

/** `digits.json`, beside the recording; made by bench/tools/listen-sample.ts. */
interface SampleFile {
  /** Who speaks. */
  readonly voice: string;
  readonly words: readonly SpokenWord[];
}

/** Positions in the recording. */
interface SpokenWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The step in which a word is told may begin a little before the word, */
const EARLIEST_MS = 100;
/** and so long after its end it is told of another place. */
const LATEST_MS = 800;

export class SpokenSample {
  private constructor(
    /** Path of the WAV file. */
    readonly file: string,
    readonly voice: string,
    private readonly spoken: readonly SpokenWord[],
  ) {}

  /** @param folder with `digits.wav` and `digits.json` */
  static async open(folder: string): Promise<SpokenSample> {
    const { voice, words } = JSON.parse(await readFile(join(folder, 'digits.json'), 'utf8')) as SampleFile;
    return new SpokenSample(join(folder, 'digits.wav'), voice, words);
  }

  get words(): readonly string[] {
    return this.spoken.map(({ text }) => text);
  }

  /** To be played once. */
  playback(): Playback {
    return new Playback(this.spoken);
  }
}

/** The recording in real time: how long after its end each of its words is told. */
class Playback {
  readonly #unheard: SpokenWord[];
  /** When its first sample was spoken, on the clock of `performance.now()`. */
  #beginMs: number | undefined;

  constructor(spoken: readonly SpokenWord[]) {
    this.#unheard = [...spoken];
  }

  /** What is played, as it enters the pipeline. Audio is there when it has been spoken, not when it begins to be. */
  readonly frames = (frames: readonly Frame[]): void => {
    for (const frame of frames) {
      if (frame.data.length > 0) this.#beginMs ??= performance.now() - frame.us / 1000 - 1000 * secondsOf(frame);
    }
  };

  /** @returns ms from the end of the word until now, below 0: it was told before; undefined: nobody says that here */
  delayMs({ text, atUs }: HeardWord): number | undefined {
    const atMs = atUs / 1000;
    const i = this.#unheard.findIndex(
      ({ text: said, startMs, endMs }) => said === text && atMs > startMs - EARLIEST_MS && atMs < endMs + LATEST_MS,
    );
    if (i < 0 || this.#beginMs === undefined) return undefined;
    const [{ endMs }] = this.#unheard.splice(i, 1);
    return performance.now() - this.#beginMs - endMs;
  }
}
