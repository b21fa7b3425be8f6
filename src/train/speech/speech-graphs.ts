/** The graphs that train a recogniser: one optimiser step, and what the net says of held-out speech. */
import { BugError } from '../../core/errors.js';
import type { Value } from '../../onnx/graph.js';
import { TensorGraph } from '../../onnx/tensor-graph.js';
import { backpropagate } from '../autodiff.js';
import type { TrainGraphOptions } from '../graphs.js';
import { layerWidth, matrixMask, parameterCount, stateWidth, type NetSpec } from '../net-spec.js';
import { fedWeights, forecast } from '../network.js';
import { adam } from '../optimiser.js';
import { RULES } from '../scan-gradient.js';
import { ctcInputs, ctcLoss } from './ctc-loss.js';

/** Below any real count; makes the mean over nothing 0 instead of NaN. */
const LEAST_COUNT = 2 ** -40;

/**
 * One step of back-propagation through whole utterances, with clipping and AdamW.
 *
 * In: `parameters`, `m`, `v` [N]; `x` [T, B, I]; `frame_targets` int64 [T, B, 1]; `ctc_share` [] 0 … 1; `schedule` [4] (see
 * `adam`); those of `ctcInputs`; with dropout `keep_1` … `keep_L` [T, B, P].
 * Out: `loss` [] = (1 − share) · cross-entropy of the frame targets (nats a frame) + share · CTC loss (nats an utterance);
 * `gradient_norm` []; `parameters_next`, `m_next`, `v_next` [N].
 * @param spec its channels are the tokens, its head gives their logits
 */
export function buildSpeechTrainGraph(spec: NetSpec, maxLabels: number, options: TrainGraphOptions): Uint8Array {
  const g = new TensorGraph();
  const N = parameterCount(spec);
  const [parameters, m, v] = ['parameters', 'm', 'v'].map((name) => g.input([N], name));
  const logProbs = logProbabilities(g, spec, parameters, keepMasks(g, spec));
  const inputs = ctcInputs(g, maxLabels);
  const frameTargets = g.input(['T', 'B', 1], 'frame_targets', 'int64');
  const share = g.input([], 'ctc_share');
  const picked = g.pick(logProbs, frameTargets);
  const frames = g.max(g.sum(inputs.active), g.scalar(LEAST_COUNT));
  const frameLoss = g.map('Neg', g.div(g.sum(g.mul(picked, inputs.active)), frames));
  const { loss: ctc } = ctcLoss(g, logProbs, inputs);
  const loss = g.add(g.mul(g.sub(g.scalar(1), share), frameLoss), g.mul(share, ctc));
  const seeds = [[loss, g.scalar(1)]] as const;
  const [gradient] = backpropagate({ graph: g, nodes: [...g.nodes], seeds, targets: [parameters], rules: RULES });
  if (gradient === undefined) throw new BugError('the loss does not depend on the parameters');
  const schedule = g.input([4], 'schedule');
  const decayed = options.weightDecay ? g.constant(matrixMask(spec), [N]) : undefined;
  const next = adam(g, { parameters, m, v }, gradient, schedule, options, decayed);
  g.output(loss, 'loss');
  g.output(next.norm, 'gradient_norm');
  g.output(next.parameters, 'parameters_next');
  g.output(next.m, 'm_next');
  g.output(next.v, 'v_next');
  return g.encode();
}

/**
 * In: `parameters` [N], `x` [T, B, I], those of `ctcInputs`.
 * Out: `log_probs` [T, B, tokens], `loss` [] (CTC, nats an utterance).
 */
export function buildSpeechLossGraph(spec: NetSpec, maxLabels: number): Uint8Array {
  const g = new TensorGraph();
  const logProbs = logProbabilities(g, spec, g.input([parameterCount(spec)], 'parameters'), []);
  g.output(logProbs, 'log_probs');
  g.output(ctcLoss(g, logProbs, ctcInputs(g, maxLabels)).loss, 'loss');
  return g.encode();
}

/** [T, B, tokens]; every utterance begins with a state of zeros. */
function logProbabilities(g: TensorGraph, spec: NetSpec, parameters: Value, keep: readonly Value[]): Value {
  const x = g.input(['T', 'B', spec.inputs], 'x');
  const state = g.zeros(['B', stateWidth(spec)]);
  return g.logSoftmax(forecast(g, spec, fedWeights(g, spec, parameters), x, state, { keep }).mean);
}

function keepMasks(g: TensorGraph, spec: NetSpec): readonly Value[] {
  if (spec.dropout === 0) return [];
  return Array.from({ length: spec.layers }, (_, i) => g.input(['T', 'B', layerWidth(spec)], `keep_${i + 1}`));
}
