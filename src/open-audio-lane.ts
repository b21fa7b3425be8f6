/** A lane that listens: Silero alone for spans of speech, or a recogniser, with Silero in front of it when asked for. */
import { AudioLane, type AudioLimits, type AudioStages } from './audio-lane.js';
import type { ChosenDecider, Config } from './config/config.js';
import type { Engine, Lane, Net } from './core/contracts.js';
import { UserError } from './core/errors.js';
import { takesHotwords } from './core/hotwords.js';
import type { RecogniserContext, StageContext } from './core/kind.js';
import type { RecogniserModel } from './core/recogniser.js';
import type { StepModel } from './core/step-model.js';
import type { GateOptions } from './core/voice.js';
import { ChunkedFrames } from './feature/chunks.js';
import { recogniserFrames } from './feature/log-mel.js';
import { SampleWindows } from './feature/windows.js';
import { Origins } from './origins.js';
import { whatSteps } from './step/open-engine.js';
import { openRecogniserFiles } from './step/recogniser/open.js';
import { sileroModel } from './step/silero.js';
import { Stepper } from './stepper.js';
import { streamIdleUsOf } from './stream-idle.js';
import { VoiceGate } from './voice-gate.js';

type AudioDecider = Exclude<ChosenDecider, { task: 'forecast' }>;

/**
 * @throws UserError `MODEL_MISSING`, `MODEL_INVALID`
 */
export async function openAudioLane(
  config: Config,
  decide: AudioDecider,
  engine: Engine,
  context: StageContext,
): Promise<Lane> {
  const { maxStreams } = config.limits;
  const limits: AudioLimits = { maxStreams, streamIdleUs: streamIdleUsOf(config) };
  const nets: Net[] = [];
  const open = async (model: StepModel, rows = maxStreams): Promise<Net> => {
    const net = await engine.open(model, rows);
    nets.push(net);
    return net;
  };
  try {
    const opened = await (decide.task === 'voice'
      ? openVoice(decide, maxStreams, open, context)
      : openRecogniser(config.model, decide, maxStreams, open, context));
    context.log.info({ model: nets[0].model.path, ...whatSteps(engine, nets[0]) }, 'model opened');
    return new AudioLane({ ...opened, nets }, limits, context.counters);
  } catch (error) {
    for (const net of nets) net.close();
    throw error;
  }
}

type Opened = Omit<AudioStages, 'nets'>;
/** @param rows that the net has room for; absent: one a stream */
type OpenNet = (model: StepModel, rows?: number) => Promise<Net>;

async function openVoice(
  decide: Extract<AudioDecider, { task: 'voice' }>,
  capacity: number,
  open: OpenNet,
  context: StageContext,
): Promise<Opened> {
  const silero = await sileroModel();
  const origins = new Origins(capacity);
  const feature = new SampleWindows(silero, capacity);
  const net = await open(silero.model);
  const voice = { ...context, capacity, originUs: origins.of, windowUs: feature.shiftUs, provider: net.provider };
  const decider = decide.create(voice);
  return { stepper: new Stepper(feature, net, decider), origins, sampleRateHz: silero.sampleRateHz };
}

async function openRecogniser(
  folder: string,
  decide: Extract<AudioDecider, { task: 'recognise' }>,
  capacity: number,
  open: OpenNet,
  context: StageContext,
): Promise<Opened> {
  const { gate: gateOptions, precision, rows } = decide.needs;
  const model = await openRecogniserFiles(folder, { precision });
  const { architecture, encoder, features, kind, name } = model;
  const origins = new Origins(capacity);
  const feature = new ChunkedFrames(model, recogniserFrames(features), capacity);
  const net = await open(encoder);
  const common = {
    ...context,
    capacity,
    originUs: origins.of,
    provider: net.provider,
    resetEncoder: net.reset.bind(net),
  };
  const decider = decide.create(await withHeads(model, open, common, capacity * rows));
  const gate = gateOptions && (await openGate(gateOptions, features.sampleRateHz, open, origins, context));
  const fields = { model: name, kind, architecture, tailPaddingMs: feature.tailPaddingMs };
  context.log.info(fields, 'recogniser opened');
  const stepper = new Stepper(feature, net, decider);
  const { sampleRateHz } = features;
  return {
    stepper,
    origins,
    sampleRateHz,
    ...(takesHotwords(decider) ? { recogniser: decider } : {}),
    ...(gate === undefined ? {} : { gate }),
  };
}

async function withHeads(
  model: RecogniserModel,
  open: OpenNet,
  common: Omit<RecogniserContext, 'model' | 'decoder' | 'joiner'>,
  rows: number,
): Promise<RecogniserContext> {
  if (model.kind === 'ctc') return { ...common, model };
  return { ...common, model, decoder: await open(model.decoder, rows), joiner: await open(model.joiner, rows) };
}

/** @param sampleRateHz of the recogniser, which hears what the gate hears */
async function openGate(
  options: GateOptions,
  sampleRateHz: number,
  open: OpenNet,
  origins: Origins,
  context: StageContext,
): Promise<VoiceGate> {
  if (sampleRateHz !== 8000 && sampleRateHz !== 16_000) {
    throw new UserError('MODEL_INVALID', `no voice activity model hears the ${sampleRateHz} Hz of the recogniser`, {
      hint: 'leave vad out, or take a recogniser for 8000 or 16000 Hz',
    });
  }
  const silero = await sileroModel(undefined, sampleRateHz);
  const net = await open(silero.model);
  const { capacity, provider } = net;
  return new VoiceGate({ options, silero, net, context: { ...context, capacity, originUs: origins.of, provider } });
}
