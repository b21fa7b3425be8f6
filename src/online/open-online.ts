/** Everything around a net that goes on learning. */
import type { ModelCard } from '../core/card.js';
import type { ForecastDecider } from '../core/contracts.js';
import type { LearningNet } from '../core/learning-net.js';
import type { Counters } from '../core/counters.js';
import type { OnlineOptions } from '../core/online.js';
import type { Learning } from './inline.js';
import { untaught, type LearnerStart } from './learner.js';
import { lessonShape } from './lesson.js';
import { learntNet } from './model-parameters.js';
import { OnlineLearning, type OnlineContent } from './online-learning.js';
import { Replay } from './replay.js';
import { Segments } from './segments.js';

export interface OnlineSurroundings {
  readonly net: LearningNet;
  readonly card: ModelCard;
  readonly decider: Pick<ForecastDecider, 'isCalm'>;
  /** Of training: largest norm of the gradient. */
  readonly clipNorm: number;
  readonly counters: Counters;
  /** Where updates are made. */
  readonly learning: (start: LearnerStart) => Learning;
  /** What an earlier run has left. */
  readonly content?: OnlineContent;
}

/**
 * @throws UserError `MODEL_INVALID` when the parameters of the net's file cannot be read back
 */
export async function openOnlineLearning(
  options: OnlineOptions,
  { net, card, decider, clipNorm, counters, learning, content }: OnlineSurroundings,
): Promise<OnlineLearning> {
  const { spec, form, parameters } = await learntNet(net.model.path, card);
  const shape = lessonShape(spec, options);
  const start: LearnerStart = {
    spec,
    form,
    shape,
    learningRate: options.learningRate,
    options: { clipNorm, weightDecay: 0, seed: options.seed },
    knowledge: content?.knowledge ?? untaught(parameters),
  };
  const segments = new Segments(shape, net.capacity, net, decider);
  const replay = new Replay(shape, Math.floor(options.replaySteps / options.segmentSteps));
  const parts = { net, segments, replay, learning: learning(start), counters };
  return new OnlineLearning(options, start, parts, content);
}
