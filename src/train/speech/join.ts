/** Strings of words made by joining recordings of one speaker, with pauses: connected speech whose joins are known. */
import { UserError } from '../../core/errors.js';
import type { Recording } from './recordings.js';
import type { Draws, Range } from './draws.js';
import { gainOf, type Span } from './level.js';
import { stretched } from './speed.js';

export interface JoinOptions {
  /** Recordings a string. */
  readonly recordings: Range;
  /** Pause between two, ms. */
  readonly gapMs: Range;
  /** Pause before the first and behind the last, ms. */
  readonly edgeMs: Range;
  /** How much faster each recording is played: 1.1 is a tenth faster, and as much higher. */
  readonly speed: Range;
  /** How much louder each is made, dB. */
  readonly wordLevelDb: Range;
  /** Part of what is kept around the speech of each that is left: 0 joins words as tightly as they are spoken. Absent: all. */
  readonly margins?: Range;
}

/** A recording in a string. */
export interface Part<R> {
  readonly recording: R;
  /** Samples of the string in which it speaks. */
  readonly spoken: Span;
}

export interface Joined<R> {
  /** Not limited to [-1, 1]. */
  readonly samples: Float64Array;
  readonly speaker: string;
  readonly parts: readonly Part<R>[];
}

/** Kept of a recording around its speech, at most: what a soft consonant may reach beyond it. */
const BEFORE_MS = 50;
const BEHIND_MS = 80;

/** Recordings by speaker, from which strings are drawn; those in which nobody speaks are left aside. */
export class Joiner<R extends Recording> {
  readonly #speakers: readonly (readonly R[])[];

  /** @throws UserError `DATA_INVALID` when nobody speaks in any recording */
  constructor(
    recordings: readonly R[],
    private readonly sampleRateHz: number,
    private readonly options: JoinOptions,
  ) {
    const bySpeaker = new Map<string, R[]>();
    for (const recording of recordings) {
      if (recording.speech.power === 0) continue;
      const known = bySpeaker.get(recording.speaker);
      if (known) known.push(recording);
      else bySpeaker.set(recording.speaker, [recording]);
    }
    this.#speakers = [...bySpeaker.values()];
    if (this.#speakers.length > 0) return;
    throw new UserError('DATA_INVALID', 'nobody speaks in any of the recordings', {
      hint: 'name recordings of speech in the manifest',
    });
  }

  /** The next string. Every speaker is as likely as every other, however many recordings there are of each. */
  draw(draws: Draws): Joined<R> {
    const voice = draws.one(this.#speakers);
    const count = draws.count(this.options.recordings);
    const pieces = [this.#pause(draws, this.options.edgeMs)];
    const parts: Part<R>[] = [];
    let at = pieces[0].length;
    for (let i = 0; i < count; i++) {
      const recording = draws.one(voice);
      const word = this.#word(recording, draws);
      const pause = this.#pause(draws, i + 1 < count ? this.options.gapMs : this.options.edgeMs);
      parts.push({ recording, spoken: { from: at + word.speech.from, to: at + word.speech.to } });
      pieces.push(word.samples, pause);
      at += word.samples.length + pause.length;
    }
    return { samples: concatenated(pieces, at), speaker: voice[0].speaker, parts };
  }

  #pause(draws: Draws, ms: Range): Float64Array {
    return new Float64Array(this.#samplesOf(draws.within(ms)));
  }

  /** @returns samples, and where in them somebody speaks */
  #word({ samples, speech: { span } }: Recording, draws: Draws): { samples: Float64Array; speech: Span } {
    const { speed, wordLevelDb, margins } = this.options;
    const kept = margins ? draws.within(margins) : 1;
    const from = Math.max(0, span.from - this.#samplesOf(kept * BEFORE_MS));
    const to = Math.min(samples.length, span.to + this.#samplesOf(kept * BEHIND_MS));
    const factor = draws.within(speed);
    const word = stretched(samples.subarray(from, to), factor);
    const gain = gainOf(draws.within(wordLevelDb));
    for (let i = 0; i < word.length; i++) word[i] *= gain;
    const [first, last] = [span.from, span.to].map((place) =>
      Math.min(word.length, Math.round((place - from) / factor)),
    );
    return { samples: word, speech: { from: first, to: last } };
  }

  #samplesOf(ms: number): number {
    return Math.round((ms * this.sampleRateHz) / 1000);
  }
}

/** Leaves only what lies between the first and the last sample in which somebody speaks. */
export function cutTightly<R>({ samples, speaker, parts }: Joined<R>): Joined<R> {
  const { from } = parts[0].spoken;
  const { to } = parts[parts.length - 1].spoken;
  return { samples: samples.slice(from, to), speaker, parts: moved(parts, -from) };
}

/** @param samples by which all begins later */
export function moved<R>(parts: readonly Part<R>[], samples: number): Part<R>[] {
  return parts.map(({ recording, spoken: { from, to } }) => ({
    recording,
    spoken: { from: from + samples, to: to + samples },
  }));
}

function concatenated(pieces: readonly Float64Array[], length: number): Float64Array {
  const all = new Float64Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
