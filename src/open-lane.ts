/** A lane for a configuration: the model is opened, held against the configuration, the stages made. */
import { StepAligner } from './align/align.js';
import type { Config } from './config/config.js';
import type { AlignedChannel } from './core/alignment.js';
import type { ModelCard } from './core/card.js';
import type { Engine, Feature, ForecastDecider, Lane, Net } from './core/contracts.js';
import { UserError } from './core/errors.js';
import type { DeciderContext, StageContext } from './core/kind.js';
import { StreamLane } from './lane.js';
import type { OnlineLearning } from './online/online-learning.js';
import { readCard, stepModelOf } from './step/card-file.js';
import { isLearningNet } from './core/learning-net.js';
import { whatSteps } from './step/open-engine.js';
import { streamIdleUsOf } from './stream-idle.js';
import { Stepper } from './stepper.js';

/**
 * Opens the configuration's model and everything around it.
 * @throws UserError `MODEL_MISSING`, `MODEL_INVALID`, `CARD_MISMATCH` (the configuration asks for other steps or channels)
 */
export async function openLane(config: Config, engine: Engine, context: StageContext): Promise<Lane> {
  const { decide } = config;
  if (decide.task === 'forecast') return openSensorLane(config, engine, context);
  // A third of all files of a pipeline, which sensors need not wait for.
  const { openAudioLane } = await import('./open-audio-lane.js');
  return openAudioLane(config, decide, engine, context);
}

async function openSensorLane(config: Config, engine: Engine, context: StageContext): Promise<Lane> {
  const card = await readCard(config.model);
  requireSameSteps(config, card);
  const net = await engine.open(stepModelOf(config.model, card), config.limits.maxStreams);
  context.log.info({ model: net.model.path, ...whatSteps(engine, net) }, 'model opened');
  try {
    const channels = card.channels.map(({ name, aggregate }) => ({ name, aggregate, noiseFloor: 0 }));
    const aligner = new StepAligner({ ...config.align, channels }, context.counters, config.limits.maxStreams);
    const { feature, decider } = openStages(config, card, net, context);
    const online = await openOnline(config, card, net, decider, context);
    const stepper = new Stepper(feature, net, decider, online?.segments);
    const limits = { maxStreams: config.limits.maxStreams, streamIdleUs: streamIdleUsOf(config) };
    const stages = { aligner, stepper, ...(online === undefined ? {} : { online }) };
    return new StreamLane(stages, limits, context.counters);
  } catch (error) {
    net.close();
    throw error;
  }
}

/** What a stepper is made with; a decider may only learn while the model's card is being made. */
export type StepperContext = StageContext & Pick<DeciderContext, 'learnOnly'>;

/** The configured feature and decider around an opened net. */
export function openStepper(
  config: Config,
  card: ModelCard,
  net: Net,
  context: StepperContext,
): Stepper<ForecastDecider> {
  const { feature, decider } = openStages(config, card, net, context);
  return new Stepper(feature, net, decider);
}

function openStages(
  config: Config,
  card: ModelCard,
  net: Net,
  context: StepperContext,
): { readonly feature: Feature; readonly decider: ForecastDecider } {
  const { decide, feature: chosen } = config;
  if (decide.task !== 'forecast') {
    throw new UserError('CONFIG_INVALID', `decide: ${decide.kind} listens to speech, it learns nothing here`, {
      hint: 'training is for decide: anomaly; recognisers are downloaded with `kioku models pull`',
    });
  }
  const { capacity, provider } = net;
  const feature = chosen.create({ ...context, card, capacity });
  return { feature, decider: decide.create({ ...context, card, capacity, provider, scaler: feature }) };
}

/** @returns undefined when the configuration does not ask for it, or the net has no weights */
async function openOnline(
  { online, train, source, model }: Config,
  card: ModelCard,
  net: Net,
  decider: ForecastDecider,
  { counters, log }: StageContext,
): Promise<OnlineLearning | undefined> {
  if (online === undefined || !isLearningNet(net)) return undefined;
  // The graphs of training, which a net that stays as it is does without.
  const { openOnlineLearning } = await import('./online/open-online.js');
  const surroundings = { net, card, decider, clipNorm: train.clipNorm, counters, log };
  if (source.past) {
    // Time passes only with the lane, and the same data is to give the same events however often it is replayed.
    const { InlineLearning } = await import('./online/learning.js');
    return openOnlineLearning(online, { ...surroundings, learning: (start) => new InlineLearning(start) });
  }
  const { BackgroundLearning } = await import('./online/background.js');
  const { LearntFile } = await import('./online/learnt-file.js');
  return openOnlineLearning(online, {
    ...surroundings,
    learning: (start) => new BackgroundLearning(start, log),
    file: new LearntFile(model, net.model.sha256, log),
  });
}

function requireSameSteps({ align, model, file }: Config, card: ModelCard): void {
  const mismatch = (what: string): UserError =>
    new UserError('CARD_MISMATCH', `the model in ${model} ${what}`, {
      hint: `train again with \`kioku train ${file}\`, or correct align`,
    });
  if (align.stepMs * 1000 !== card.stepUs) {
    throw mismatch(`takes steps of ${card.stepUs / 1000} ms, the configuration says ${align.stepMs} ms`);
  }
  if (align.channels === undefined) return;
  const wanted = described(align.channels);
  const learnt = described(card.channels);
  if (wanted !== learnt) throw mismatch(`watches ${learnt}, the configuration says ${wanted}`);
}

function described(channels: readonly Pick<AlignedChannel, 'name' | 'aggregate'>[]): string {
  return channels.map(({ name, aggregate }) => `${name} (${aggregate})`).join(', ');
}
