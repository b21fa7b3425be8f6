/** The training of a recogniser as plain data: one or two manifests and the options; and what comes of it, as plain data, too. */
import type { SpeechOptions } from '../../core/speech-training.js';
import type { TrainOptions } from '../../core/training.js';
import type { LoopHooks } from '../loop.js';
import { readCorpus, type Corpus } from './corpus.js';
import { featuresOf, learnRecogniser, type LearntRecogniser } from './learn-recogniser.js';
import { readManifest, type BadLine } from './manifest.js';
import type { Problem } from './recordings.js';
import type { SpeechEvaluation } from './speech-evaluator.js';

export interface ManifestJob {
  /** Absolute paths. */
  readonly manifest: string;
  /** Absent: the last weights are kept, and nothing is known about how good they are. */
  readonly heldOut: string | undefined;
  readonly speech: SpeechOptions;
  readonly train: TrainOptions;
}

/** What became of the lines of a manifest. */
export interface ManifestReport {
  readonly path: string;
  /** Recordings that were used. */
  readonly recordings: number;
  readonly seconds: number;
  readonly badLines: readonly BadLine[];
  readonly problems: readonly Problem[];
}

export interface LearntFromManifests {
  readonly learnt: LearntRecogniser;
  /** Words that it knows, in the order of their tokens; token 0 is blank. */
  readonly words: readonly string[];
  /** The second one where there are held-out recordings. */
  readonly manifests: readonly [training: ManifestReport, ...heldOut: ManifestReport[]];
}

/**
 * Blocks the calling thread while it trains. The vocabulary is every word of the training manifest.
 * @throws UserError `DATA_MISSING`, `DATA_INVALID` (a manifest of which nothing can be used), and as {@link learnRecogniser}
 */
export async function learnFromManifests(
  { manifest, heldOut, speech, train }: ManifestJob,
  hooks: Pick<LoopHooks<SpeechEvaluation | undefined>, 'shouldStop' | 'onProgress'> = {},
): Promise<LearntFromManifests> {
  const { sampleRateHz } = featuresOf(speech);
  const lines = await readManifest(manifest);
  const corpus = await readCorpus(lines, sampleRateHz);
  const report = reportOf(manifest, lines.badLines, corpus);
  const words = corpus.tokens.words;
  if (heldOut === undefined) {
    return { learnt: learnRecogniser(corpus, undefined, speech, train, hooks), words, manifests: [report] };
  }
  const heldOutLines = await readManifest(heldOut);
  const heldOutCorpus = await readCorpus(heldOutLines, sampleRateHz, corpus.tokens);
  const learnt = learnRecogniser(corpus, heldOutCorpus, speech, train, hooks);
  return { learnt, words, manifests: [report, reportOf(heldOut, heldOutLines.badLines, heldOutCorpus)] };
}

function reportOf(
  path: string,
  badLines: readonly BadLine[],
  { recordings, problems, sampleRateHz }: Corpus,
): ManifestReport {
  const samples = recordings.reduce((sum, recording) => sum + recording.samples.length, 0);
  return { path, recordings: recordings.length, seconds: samples / sampleRateHz, badLines, problems };
}
