/** Connected speech from isolated recordings, whose joins are known: strings with pauses, and noise over them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Micros } from '../core/contracts.js';
import { messageOf, UserError } from '../core/errors.js';
import { Clip } from '../source/clip.js';
import { Augmenter } from '../train/speech/augment.js';
import { Draws, type Range } from '../train/speech/draws.js';
import { cutTightly, Joiner, type Joined } from '../train/speech/join.js';
import type { Utterance } from '../train/speech/manifest.js';
import type { Noise } from '../train/speech/noise.js';
import { type Problem, readRecordings, type Recording } from '../train/speech/recordings.js';
import { comparedWords } from './compared-text.js';
import { Room } from './room.js';
import type { Word } from './word-delays.js';

export interface StringOptions {
  readonly count: number;
  /** Recordings a string. */
  readonly words: Range;
  /** Between them, ms; also before and behind them where `edgesMs` is absent. */
  readonly gapMs: Range;
  /**
   * Strings are cut at their first and last piece of speech, and have so much noise of a room before and behind them, ms:
   * the same speech, sample by sample, whatever it is.
   */
  readonly edgesMs?: Range | undefined;
  /** Absent: none is added. */
  readonly noise?: Noise | undefined;
  /** Speech over noise, dB. */
  readonly snrDb: number;
  readonly seed: number;
}

/** A string, and where its words begin and end. */
export interface StringUtterance extends Utterance {
  readonly words: readonly Word[];
}

/** Noise around strings without other noise, dB below the speech: a quiet room. */
const ROOM_DB = 40;
/** Mean power of the speech of every string, dB below full scale: the usual level of speech in tests (ITU-T P.56). */
const LEVEL_DB = -26;

/**
 * Strings of recordings of one speaker each, every speaker as likely as the others, as WAV files that are there while `use`
 * has not settled. The same seed gives the same strings: string k does not depend on how many there are.
 * @param sampleRateHz of the strings
 * @param use gets also what is wrong with recordings that are in no string, and odd about others
 * @returns what `use` returns; undefined when it was stopped before
 * @throws UserError `DATA_INVALID` when nobody speaks in any recording, `DISK`
 */
export async function withStrings<T>(
  utterances: readonly Utterance[],
  sampleRateHz: number,
  options: StringOptions,
  signal: AbortSignal,
  use: (strings: readonly StringUtterance[], problems: readonly Problem[]) => Promise<T>,
): Promise<T | undefined> {
  const { recordings, problems } = await readRecordings(utterances, sampleRateHz);
  const folder = await onDisk(tmpdir(), mkdtemp(join(tmpdir(), 'kioku-strings-')));
  try {
    const strings = await writeStrings(recordings, sampleRateHz, options, folder, signal);
    if (signal.aborted) return undefined;
    return await use(strings, problems);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeStrings(
  recordings: readonly Recording[],
  sampleRateHz: number,
  { count, words, gapMs, edgesMs, noise, snrDb, seed }: StringOptions,
  folder: string,
  signal: AbortSignal,
): Promise<StringUtterance[]> {
  const plain = { speed: [1, 1], wordLevelDb: [0, 0] } as const;
  const joiner = new Joiner(recordings, sampleRateHz, {
    recordings: words,
    gapMs,
    edgeMs: edgesMs === undefined ? gapMs : [0, 0],
    ...plain,
  });
  const augmenter = new Augmenter(seed, sampleRateHz, recordings, {
    levelDb: [LEVEL_DB, LEVEL_DB],
    roomShare: 0,
    noises: noise === undefined ? [] : [noise],
    noiseShare: 1,
    snrDb: [snrDb, snrDb],
  });
  const room =
    edgesMs && new Room(seed, sampleRateHz, recordings, edgesMs, noise, LEVEL_DB - (noise ? snrDb : ROOM_DB));
  const strings: StringUtterance[] = [];
  for (let k = 0; k < count && !signal.aborted; k++) {
    const draws = new Draws(seed, 0, k);
    const drawn = joiner.draw(draws);
    const joined = room === undefined ? drawn : cutTightly(drawn);
    const speech = { ...joined, samples: augmenter.hear(joined, draws) };
    const heard = room === undefined ? speech : room.around(speech, draws);
    const clip = new Clip(sampleRateHz, 1);
    clip.push(heard.samples);
    const file = join(folder, `${k}.wav`);
    await onDisk(file, writeFile(file, clip.toWav()));
    strings.push(utteranceOf(heard, file, sampleRateHz));
  }
  return strings;
}

/** @throws UserError `DISK` when writing fails */
function onDisk<T>(path: string, writing: Promise<T>): Promise<T> {
  return writing.catch((cause: unknown) => {
    throw new UserError('DISK', `${path} cannot be written: ${messageOf(cause)}`, {
      hint: 'make room there, or set TMPDIR to a folder with more',
      cause,
    });
  });
}

function utteranceOf({ parts, speaker }: Joined<Recording>, file: string, sampleRateHz: number): StringUtterance {
  const recordings = parts.map(({ recording }) => recording);
  return {
    name: recordings.map(({ name }) => name).join(' + '),
    file,
    transcript: recordings.map(({ transcript }) => transcript).join(' '),
    speaker: speaker === '' ? undefined : speaker,
    words: parts.flatMap(({ recording, spoken }) => {
      const [startUs, endUs] = [spoken.from, spoken.to].map((at): Micros => Math.round((at * 1e6) / sampleRateHz));
      const said = comparedWords(recording.transcript);
      return said.map((text, i) =>
        wordAt(text, i === 0 ? startUs : undefined, i + 1 === said.length ? endUs : undefined),
      );
    }),
  };
}

function wordAt(text: string, startUs: Micros | undefined, endUs: Micros | undefined): Word {
  return { text, ...(startUs !== undefined && { startUs }), ...(endUs !== undefined && { endUs }) };
}
