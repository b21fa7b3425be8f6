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

/**
 * @param sampleRateHz to which all recordings are resampled
 * @param tokens of the words that may be said; absent: those of all transcripts
 * @throws UserError `DATA_INVALID` when no recording can be used
 */
export async function readCorpus(
  { utterances }: Pick<Manifest, 'utterances'>,
  sampleRateHz: number,
  tokens = WordTokens.of(utterances.map(({ transcript }) => transcript)),
): Promise<Corpus> {
  const { recordings: read, problems: unread } = await readRecordings(utterances, sampleRateHz);
  const problems = [...unread];
  const recordings: SpeltRecording[] = [];
  for (const recording of read) {
    const spelt = spell(recording, sampleRateHz, tokens);
    if ('finding' in spelt) problems.push(spelt);
    else recordings.push({ ...recording, ...spelt });
  }
  if (recordings.length > 0) return { sampleRateHz, tokens, recordings, problems };
  const first = problems.find(({ leftOut }) => leftOut);
  throw new UserError(
    'DATA_INVALID',
    `none of ${utterances.length} recordings can be used: ${first?.name ?? ''} ${first?.text ?? ''}`,
    { hint: 'correct the manifest, or convert the recordings to WAV' },
  );
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
