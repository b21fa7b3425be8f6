/** The training of a recogniser as plain data: one or two manifests and the options; and what comes of it, as plain data, too. */
import { createHash } from 'node:crypto';
import type { SpeechOptions } from '../../core/speech-training.js';
import type { TrainOptions } from '../../core/training.js';
import { checkpointHooks, fixedOptions, type Checkpoint, type TrainingIdentity } from '../checkpoint.js';
import { readCorpus, type Corpus, type Vocabulary } from './corpus.js';
import { featuresOf, learnRecogniser, type LearntRecogniser } from './learn-recogniser.js';
import { readManifest, type BadLine } from './manifest.js';
import type { Problem } from './recordings.js';
import type { SpeechEvaluation } from './speech-evaluator.js';
import type { SpeechHooks, SpeechState } from './speech-learner.js';
import { WordTokens } from './word-tokens.js';

export interface ManifestJob {
  /** Absolute paths. */
  readonly manifest: string;
  /** Absent: the last weights are kept, and nothing is known about how good they are. */
  readonly heldOut: string | undefined;
  readonly speech: SpeechOptions;
  readonly train: TrainOptions;
  /** Absent: nothing is written on the way, and a training that is killed is lost. */
  readonly checkpoint?: Checkpoint;
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
 * Blocks the calling thread while it trains. The vocabulary is every word of the recordings that are learnt from, or those
 * of `speech.keywords`. The checkpoint stays; who has put the result in a safe place removes it.
 * @throws UserError `DATA_MISSING`, `DATA_INVALID` (a manifest of which nothing can be used), and as {@link learnRecogniser}
 * and {@link checkpointHooks}
 */
export async function learnFromManifests(
  job: ManifestJob,
  hooks: Pick<SpeechHooks, 'shouldStop' | 'onProgress'> = {},
): Promise<LearntFromManifests> {
  const { speech, train } = job;
  const training = await read(job.manifest, speech);
  const { tokens } = training.corpus;
  const heldOut = job.heldOut === undefined ? undefined : await read(job.heldOut, speech, tokens);
  const saving = savingHooks(job, training.corpus, heldOut?.corpus);
  const learnt = learnRecogniser(training.corpus, heldOut?.corpus, speech, train, { ...hooks, ...saving });
  const manifests = [training.report, ...(heldOut === undefined ? [] : [heldOut.report])] as const;
  return { learnt, words: tokens.words, manifests };
}

async function read(
  path: string,
  speech: SpeechOptions,
  tokens?: WordTokens,
): Promise<{ readonly corpus: Corpus; readonly report: ManifestReport }> {
  const lines = await readManifest(path);
  const corpus = await readCorpus(lines, featuresOf(speech).sampleRateHz, tokens ?? vocabularyOf(speech));
  const { recordings, problems, sampleRateHz } = corpus;
  const samples = recordings.reduce((sum, recording) => sum + recording.samples.length, 0);
  const seconds = samples / sampleRateHz;
  return { corpus, report: { path, recordings: recordings.length, seconds, badLines: lines.badLines, problems } };
}

/** @returns undefined: every word is a token */
function vocabularyOf({ keywords }: SpeechOptions): Vocabulary | undefined {
  return keywords && ((transcripts) => WordTokens.ofKeywords(keywords, transcripts));
}

function savingHooks(job: ManifestJob, ...corpora: readonly (Corpus | undefined)[]): SpeechHooks {
  if (job.checkpoint === undefined) return {};
  return checkpointHooks<SpeechEvaluation | undefined, SpeechState>(job.checkpoint, identityOf(job, corpora));
}

/** The recordings as they are heard count, not where they lie or what they are called. */
function identityOf({ speech, train }: ManifestJob, corpora: readonly (Corpus | undefined)[]): TrainingIdentity {
  const { manifest: _manifest, heldOut: _heldOut, licence: _licence, ...fixed } = speech;
  const options = Object.entries(fixed).map(([name, value]) => [`speech.${name}`, value] as const);
  const hash = createHash('sha256');
  for (const corpus of corpora) {
    if (corpus === undefined) continue;
    hash.update(JSON.stringify(corpus.tokens.words));
    for (const { speaker, labels, samples } of corpus.recordings) {
      hash.update(JSON.stringify([speaker, labels, samples.length]));
      hash.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    }
  }
  return { options: { ...fixedOptions(train), ...Object.fromEntries(options) }, data: hash.digest('hex') };
}
