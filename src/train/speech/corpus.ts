/** Recordings whose transcripts are spelt in tokens: what a recogniser learns from, or is tried with. */
import { UserError } from '../../core/errors.js';
import { framesNeeded } from './ctc-targets.js';
import type { Manifest } from './manifest.js';
import { readRecordings, type Problem, type Recording } from './recordings.js';
import { WordTokens } from './word-tokens.js';

/** An output frame of a recogniser takes 40 ms. */
const OUTPUT_FRAMES_PER_SECOND = 25;

export interface SpeltRecording extends Recording {
  /** Tokens of the transcript. */
  readonly labels: readonly number[];
}

export interface Corpus {
  readonly sampleRateHz: number;
  readonly tokens: WordTokens;
  /** In the order of the manifest. */
  readonly recordings: readonly SpeltRecording[];
  readonly problems: readonly Problem[];
}

/** Makes the tokens for what is said in recordings. */
export type Vocabulary = (transcripts: readonly string[]) => WordTokens;

/**
 * @param sampleRateHz to which all recordings are resampled
 * @param words the tokens that there are, or what makes them; absent: every word becomes one. Only of recordings that are
 * used: a token that is never heard would be learnt as one that is never said
 * @throws UserError `DATA_INVALID` when no recording can be used, and what `words` throws
 */
export async function readCorpus(
  { utterances }: Pick<Manifest, 'utterances'>,
  sampleRateHz: number,
  words: WordTokens | Vocabulary = (transcripts) => WordTokens.of(transcripts),
): Promise<Corpus> {
  const { recordings: read, problems: unread } = await readRecordings(utterances, sampleRateHz);
  if (read.length === 0) throw unusable(utterances.length, unread);
  const isKnown = words instanceof WordTokens;
  const first = spellAll(read, sampleRateHz, isKnown ? words : words(transcriptsOf(read)));
  const problems = [...unread, ...first.problems];
  if (first.recordings.length === 0) throw unusable(utterances.length, problems);
  if (isKnown) return { sampleRateHz, tokens: words, recordings: first.recordings, problems };
  // Words of recordings that are too short for them are gone. Which these are does not depend on the ids.
  const tokens = words(transcriptsOf(first.recordings));
  const { recordings } = spellAll(first.recordings, sampleRateHz, tokens);
  return { sampleRateHz, tokens, recordings, problems };
}

function transcriptsOf(recordings: readonly Recording[]): string[] {
  return recordings.map(({ transcript }) => transcript);
}

function unusable(count: number, problems: readonly Problem[]): UserError {
  const first = problems.find(({ leftOut }) => leftOut);
  return new UserError(
    'DATA_INVALID',
    `none of ${count} recordings can be used: ${first?.name ?? ''} ${first?.text ?? ''}`,
    { hint: 'correct the manifest, or convert the recordings to WAV' },
  );
}

function spellAll(
  read: readonly Recording[],
  sampleRateHz: number,
  tokens: WordTokens,
): Pick<Corpus, 'recordings' | 'problems'> {
  const recordings: SpeltRecording[] = [];
  const problems: Problem[] = [];
  for (const recording of read) {
    const spelt = spell(recording, sampleRateHz, tokens);
    if ('finding' in spelt) problems.push(spelt);
    else recordings.push({ ...recording, ...spelt });
  }
  return { recordings, problems };
}

function spell(
  { name, transcript, samples }: Recording,
  sampleRateHz: number,
  tokens: WordTokens,
): Pick<SpeltRecording, 'labels'> | Problem {
  const spelt = tokens.spell(transcript);
  if ('unknown' in spelt) {
    const text = `says what no token is for: ${spelt.unknown.join(', ')}`;
    return { name, finding: 'unknown-word', text, leftOut: true };
  }
  const seconds = samples.length / sampleRateHz;
  if (Math.floor(seconds * OUTPUT_FRAMES_PER_SECOND) >= framesNeeded(spelt.labels)) return spelt;
  const text = `lasts ${Math.round(1000 * seconds)} ms, too short for ${spelt.labels.length} tokens`;
  return { name, finding: 'too-short', text, leftOut: true };
}
