/** From the recordings of two manifests to a trained recogniser. */
import type { RecogniserFeatures } from '../../core/recogniser.js';
import type { SpeechOptions } from '../../core/speech-training.js';
import type { TrainOptions } from '../../core/training.js';
import { runLoop, type LoopResult } from '../loop.js';
import type { NetSpec } from '../net-spec.js';
import { LEARNT_UNDER, TRIED_UNDER } from './conditions.js';
import type { Corpus } from './corpus.js';
import { Lessons, type Lesson } from './lessons.js';
import { melScaleOf, type MelScale } from './mel-scale.js';
import type { SpeechEvaluation } from './speech-evaluator.js';
import { SpeechLearner, type SpeechHooks } from './speech-learner.js';

const HELD_OUT_STRINGS = 200;
/** Strings from which mean and spread of the bands are taken; of an epoch that training never comes to. */
const SCALE_STRINGS = 200;
const SCALE_EPOCH = 2 ** 26 - 1;

export interface LearntRecogniser extends LoopResult<SpeechEvaluation | undefined> {
  readonly spec: NetSpec;
  readonly scale: MelScale;
  readonly features: RecogniserFeatures;
  /** Strings that CTC left out, because they were too short for their tokens. */
  readonly tooShort: number;
}

/** The features that recognisers of our own are trained on, and say in their metadata that they want. */
export function featuresOf({ sampleRateHz, melBins }: SpeechOptions): RecogniserFeatures {
  return { sampleRateHz, melBins, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };
}

/**
 * Trains in the calling thread and blocks it. Same arguments, same parameters, bit for bit, unless time or the caller ends
 * it.
 * @param heldOut recordings with the same tokens, which choose the best weights; absent: the last ones are kept
 * @param options of the net and of training, as for forecasts; those that are about series count for nothing
 * @throws UserError as `runLoop`; `DATA_INVALID` when nobody speaks
 */
export function learnRecogniser(
  corpus: Corpus,
  heldOut: Corpus | undefined,
  speech: SpeechOptions,
  options: TrainOptions,
  hooks: SpeechHooks = {},
): LearntRecogniser {
  const features = featuresOf(speech);
  const { recordings, gapMs, frameEpochs } = speech;
  const how = { ...LEARNT_UNDER, join: { ...LEARNT_UNDER.join, recordings, gapMs } };
  const training = new Lessons(corpus, features, how, options.seed);
  const heard = Array.from({ length: SCALE_STRINGS }, (_, i) => training.heard(SCALE_EPOCH, i));
  const scale = melScaleOf(heard, features.melBins, training.tailSteps);
  const { cell, hidden, projection, layers, dropout } = options;
  const { size: channels, blank } = corpus.tokens;
  // The head's outputs are the logits of the tokens, which is what `mse` and no skip make of them.
  const head = { objective: 'mse', skip: false } as const;
  const spec: NetSpec = { cell, inputs: training.width, hidden, projection, layers, channels, dropout, ...head };
  const lessons = {
    training,
    maxLabels: recordings[1] * Math.max(...corpus.recordings.map(({ labels }) => labels.length)),
    scale,
    blank,
    heldOut: heldOut && heldOutLessons(heldOut, features, scale, options.seed),
  };
  const learner = new SpeechLearner(spec, lessons, { ...options, frameEpochs });
  try {
    const result = runLoop(learner, options, hooks);
    return { ...result, spec, scale, features, tooShort: learner.tooShort };
  } finally {
    learner.close();
  }
}

/** The same in every evaluation. */
function heldOutLessons(corpus: Corpus, features: RecogniserFeatures, scale: MelScale, seed: number): Lesson[] {
  const tried = new Lessons(corpus, features, { join: TRIED_UNDER, surroundings: TRIED_UNDER }, seed);
  return Array.from({ length: HELD_OUT_STRINGS }, (_, i) => tried.lesson(0, i, scale));
}
