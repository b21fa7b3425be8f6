/** A trained recogniser → a model folder that runs like any other CTC recogniser: the step net, its tokens, a card. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lookAheadUs, OUTPUT_FRAME_US } from '../../core/recogniser.js';
import { kiokuVersion } from '../../core/version.js';
import { writeWhole } from '../../core/whole-file.js';
import type { Value } from '../../onnx/graph.js';
import { TensorGraph } from '../../onnx/tensor-graph.js';
import { disk } from '../export.js';
import { layerWidth, parameterBlocks, parameterCount, type NetSpec, type Parameter } from '../net-spec.js';
import { blockOf } from '../fused-layers.js';
import { stepSignature } from '../inference-graphs.js';
import { plainLayers } from '../plain-layers.js';
import { STACKED_FRAMES } from './chunk-maker.js';
import type { LearntRecogniser } from './learn-recogniser.js';
import type { LearntFromManifests } from './manifest-job.js';
import type { MelScale } from './mel-scale.js';
import { countFindings } from './recordings.js';
import { takeLevel } from './running-level.js';
import { tokenErrorRate, type SpeechEvaluation, type TokenErrors } from './speech-evaluator.js';
import { WordTokens } from './word-tokens.js';

const MODEL_FILE = 'model.onnx';
const TOKENS_FILE = 'tokens.txt';
const CARD_FILE = 'recogniser.json';

/** A step eats all the frames that it sees. */
const STEP = { chunkFrames: STACKED_FRAMES, shiftFrames: STACKED_FRAMES };

export interface RecogniserInfo {
  readonly name: string;
  /** SPDX identifier or a sentence. */
  readonly licence: string;
  /** How it can be made again. */
  readonly command: string;
  readonly seed: number;
  readonly createdAt: Date;
}

/**
 * Writes `model.onnx`, `tokens.txt` and, last, the card `recogniser.json`, each in one go, into `folder`, which is made if
 * need be.
 * @returns the card as written
 * @throws UserError `DISK`
 */
export async function exportRecogniser(folder: string, made: LearntFromManifests, info: RecogniserInfo) {
  const { learnt, words } = made;
  const card = cardOf(made, info);
  return disk(folder, async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(join(folder, TOKENS_FILE), new WordTokens(words).toText());
    await writeWhole(join(folder, MODEL_FILE), Buffer.from(buildRecogniserStep(learnt)));
    await writeWhole(join(folder, CARD_FILE), `${JSON.stringify(card, null, 2)}\n`);
    return card;
  });
}

export type RecogniserCard = ReturnType<typeof cardOf>;

/** Everything about the model that its files do not say. */
function cardOf({ learnt, words, manifests }: LearntFromManifests, info: RecogniserInfo) {
  const { spec, features, evaluation } = learnt;
  const { cell, hidden, projection, layers, dropout } = spec;
  return {
    format: 'kioku-recogniser',
    version: 1,
    name: info.name,
    licence: info.licence,
    words,
    sampleRateHz: features.sampleRateHz,
    stepMs: OUTPUT_FRAME_US / 1000,
    /** From the beginning of a step until it is computed. */
    algorithmicDelayMs: (OUTPUT_FRAME_US + lookAheadUs(STEP)) / 1000,
    training: {
      cell,
      hidden,
      projection,
      layers,
      dropout,
      parameters: parameterCount(spec),
      seed: info.seed,
      optimiserSteps: learnt.optimiserSteps,
      epochs: learnt.epochs,
      chosen: evaluation === undefined ? 'last weights' : 'best on held-out recordings',
      bestEpoch: evaluation && learnt.best.epoch,
      stopped: learnt.stopped,
      seconds: Math.round(learnt.seconds),
      stringsTooShort: learnt.tooShort,
      command: info.command,
      createdAt: info.createdAt.toISOString(),
      kioku: kiokuVersion(),
    },
    data: manifests.map(({ recordings, seconds, badLines, problems }) => ({
      recordings,
      seconds: Math.round(seconds),
      badLines: badLines.length,
      problems: countFindings(problems),
    })),
    heldOut: evaluation && heldOutErrors(evaluation),
  } as const;
}

function heldOutErrors({ all, ctcLoss, bySpeaker }: SpeechEvaluation) {
  const speakers = [...bySpeaker].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    what: 'strings of 1 to 6 held-out recordings, pauses of 0 to 500 ms, pink noise or babble at 20 dB, greedy decoding',
    ...errorsOf(all),
    /** Nats a string. */
    ctcLoss,
    bySpeaker: Object.fromEntries(speakers.map(([name, errors]) => [name, errorsOf(errors)])),
  };
}

function errorsOf(errors: TokenErrors) {
  const { tokens, utterances, right } = errors;
  return { tokenErrorRate: tokenErrorRate(errors), tokens, strings: utterances, stringsRight: right / utterances };
}

/**
 * One step of the net: `x` [B, STACKED_FRAMES, melBins] log-mel energies, the states and the level before → `log_probs`
 * [B, 1, tokens] and those after. The metadata is what icefall writes of a streaming CTC model, under a kind of its own.
 * @returns an ONNX file
 */
export function buildRecogniserStep(
  learnt: Pick<LearntRecogniser, 'spec' | 'scale' | 'features' | 'parameters'>,
): Uint8Array {
  const { spec, scale, features, parameters } = learnt;
  const { melBins, sampleRateHz } = features;
  const { states } = stepSignature(spec, 'plain');
  const g = new TensorGraph();
  const x = g.input(['B', STACKED_FRAMES, melBins], 'x');
  const before = states.map(({ name, shape }) => g.input(shape, name));
  const blocks = parameterBlocks(spec, parameters);
  const { x: heard, level } = takeLevel(g, normalised(g, x, scale), g.input(['B', 1], 'level'));
  const { top, next } = plainLayers(g, spec, blocks, g.reshape(heard, ['B', spec.inputs]), before);
  const logProbs = g.logSoftmax(logitsOf(g, spec, blocks, top));
  g.output(g.reshape(logProbs, ['B', 1, spec.channels]), 'log_probs');
  states.forEach((state, i) => g.output(next[i], state.next));
  g.output(level, 'level_next');
  return g.encode({
    model_type: 'kioku-rnn',
    cell: spec.cell,
    num_encoder_layers: String(spec.layers),
    rnn_hidden_size: String(spec.hidden),
    ...(spec.projection === undefined ? {} : { d_model: String(spec.projection) }),
    level: 'running',
    T: String(STACKED_FRAMES),
    decode_chunk_len: String(STACKED_FRAMES),
    sample_rate: String(sampleRateHz),
  });
}

function logitsOf(g: TensorGraph, spec: NetSpec, blocks: ReadonlyMap<string, Parameter>, top: Value): Value {
  const weight = blockOf(blocks, 'head.weight');
  const bias = blockOf(blocks, 'head.bias');
  const c = g.constant(bias.values, [spec.channels]);
  return g.gemm(top, g.constant(weight.values, [spec.channels, layerWidth(spec)]), { c, transB: true });
}

function normalised(g: TensorGraph, x: Value, { mean, spread }: MelScale): Value {
  const [m, s] = [mean, spread].map((values) => g.constant(values, [values.length]));
  return g.div(g.sub(x, m), s);
}
