/** Everything around a net that goes on learning. */
import type { ModelCard } from '../core/card.js';
import type { ForecastDecider } from '../core/contracts.js';
import type { LearningNet } from '../core/learning-net.js';
import type { Counters } from '../core/counters.js';
import type { Log } from '../core/log.js';
import type { OnlineOptions } from '../core/online.js';
import type { LearntFile } from './learnt-file.js';
import type { Learning } from './learning.js';
import { untaught, type LearnerStart } from './learner.js';
import { lessonShape } from './lesson.js';
import { learntNet } from './model-parameters.js';
import { OnlineLearning } from './online-learning.js';
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
  readonly log: Log;
  /** What an earlier run has left, and where this one leaves what it learns; absent: all begins and ends with this run. */
  readonly file?: LearntFile;
}

/**
 * @throws UserError `MODEL_INVALID` when the parameters of the net's file cannot be read back
 */
export async function openOnlineLearning(
  options: OnlineOptions,
  { net, card, decider, clipNorm, counters, log, learning, file }: OnlineSurroundings,
): Promise<OnlineLearning> {
  const { spec, form, parameters } = await learntNet(net.model.path, card);
  const shape = lessonShape(spec, options);
  const content = await file?.read(shape);
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
  const { everySteps, learningRate, replaySteps } = options;
  const atMostKib = Math.ceil(replay.bytes / 1024);
  const goesOn = content !== undefined;
  log.info({ everySteps, learningRate, replaySteps, atMostKib, goesOn }, 'the net goes on learning while it runs');
  const parts = { net, segments, replay, learning: learning(start), counters, log, ...(file && { file }) };
  return new OnlineLearning(options, start, parts, content);
}
