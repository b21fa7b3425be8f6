/**
 * A recogniser in a few lines, for one whole recording: all features first, then one ONNX run after the other, states
 * passed on as they come. What the stages, which do it in pieces, for many streams and with memory of fixed size, are
 * compared with.
 */
import type { RecogniserModel } from '../../src/core/recogniser.js';
import type { StatePort, StepModel } from '../../src/core/step-model.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../src/step/ort.js';
import type { Values } from '../../src/step/session.js';

const NO_TOKEN = -1;

export interface Heard {
  /** The best id of every output frame, blanks included. */
  readonly ids: readonly number[];
  /** What is emitted: blanks, unknown tokens and (CTC) repetitions left out. */
  readonly tokens: readonly number[];
  /** Output frame of each token. */
  readonly frames: readonly number[];
}

/** A net with one row; `forget` is a state that starts from zero in every step. */
export class NetByHand {
  readonly #model: StepModel;
  readonly #session: OrtSession;
  readonly #states = new Map<string, Values>();
  readonly #forget: string | undefined;

  constructor(model: StepModel, forget?: string) {
    this.#model = model;
    this.#session = new OrtSession(model.path);
    this.#forget = forget;
    for (const state of model.states) this.#states.set(state.name, zeros(state));
  }

  /** @param inputs in the model's order @returns the first output, which later runs leave alone */
  run(...inputs: readonly Values[]): Float32Array {
    const { outputs, states } = this.#model;
    const feeds: Record<string, Tensor> = {};
    this.#model.inputs.forEach(({ name, shape }, i) => (feeds[name] = tensorOf(inputs[i], oneRow(shape))));
    for (const state of states) {
      const values = state.name === this.#forget ? zeros(state) : this.#states.get(state.name);
      feeds[state.name] = tensorOf(values ?? zeros(state), oneRow(state.shape));
    }
    const names = [outputs[0].name, ...states.map(({ next }) => next)];
    const results = this.#session.run(feeds, Object.fromEntries(names.map((name) => [name, null])));
    for (const { name, next } of states) this.#states.set(name, valuesOf(results, next));
    return float32Of(results, outputs[0].name);
  }

  close(): void {
    this.#session.close();
  }
}

/** @throws Error when the output is neither float32 nor int64 */
function valuesOf(tensors: Readonly<Record<string, Tensor>>, name: string): Values {
  const data = tensors[name]?.data;
  if (data instanceof Float32Array || data instanceof BigInt64Array) return data;
  throw new Error(`output ${name} is neither float32 nor int64`);
}

function oneRow(shape: StatePort['shape']): number[] {
  return shape.map((size) => (size === 'B' ? 1 : size));
}

function zeros({ elementType, shape }: StatePort): Values {
  const size = oneRow(shape).reduce((a, b) => a * b, 1);
  return elementType === 'float32' ? new Float32Array(size) : new BigInt64Array(size);
}

/**
 * The encoder's output of every step.
 * @param samples 16 kHz mono; their last fraction of a chunk is not heard
 */
export function encodeByHand(model: RecogniserModel, samples: Float32Array, forget?: string): Float32Array[] {
  const { chunkFrames, encoder, features, shiftFrames } = model;
  const frames = recogniserFrames(features)();
  frames.push(Float64Array.from(samples), 0, samples.length);
  frames.flush();
  const total = frames.ready;
  const rows = new Float32Array(total * frames.width);
  for (let i = 0; i < total; i++) frames.take(rows, i * frames.width);
  const net = new NetByHand(encoder, forget);
  const steps: Float32Array[] = [];
  for (let start = 0; start + chunkFrames < total; start += shiftFrames) {
    steps.push(net.run(rows.slice(start * frames.width, (start + chunkFrames) * frames.width)));
  }
  net.close();
  return steps;
}

/** Greedy search over a whole recording. */
export function hearByHand(model: RecogniserModel, samples: Float32Array, forget?: string): Heard {
  const steps = encodeByHand(model, samples, forget);
  return model.kind === 'ctc' ? greedyCtc(model, steps) : greedyTransducer(model, steps);
}

/** The output frames of all steps, one after the other. */
function* outputFrames(model: RecogniserModel, steps: readonly Float32Array[]): Generator<Float32Array> {
  for (const step of steps) {
    const width = step.length / model.outputFrames;
    for (let frame = 0; frame < model.outputFrames; frame++) yield step.slice(frame * width, (frame + 1) * width);
  }
}

function best(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}

function greedyCtc(model: RecogniserModel, steps: readonly Float32Array[]): Heard {
  const ids = Array.from(outputFrames(model, steps), best);
  const frames = ids.flatMap((id, i) => (id !== model.blank && id !== ids[i - 1] ? [i] : []));
  return { ids, frames, tokens: frames.map((frame) => ids[frame]) };
}

function greedyTransducer(model: RecogniserModel & { kind: 'transducer' }, steps: readonly Float32Array[]): Heard {
  const decoder = new NetByHand(model.decoder);
  const joiner = new NetByHand(model.joiner);
  const context = Array.from({ length: model.contextSize }, (_, i) =>
    i < model.contextSize - 1 ? NO_TOKEN : model.blank,
  );
  const decode = (): Float32Array => decoder.run(BigInt64Array.from(context.slice(-model.contextSize), BigInt));
  const ids: number[] = [];
  const frames: number[] = [];
  let decoded = decode();
  for (const encoded of outputFrames(model, steps)) {
    const id = best(joiner.run(encoded, decoded));
    ids.push(id);
    if (id === model.blank || id === model.unknown) continue;
    frames.push(ids.length - 1);
    context.push(id);
    decoded = decode();
  }
  decoder.close();
  joiner.close();
  return { ids, frames, tokens: context.slice(model.contextSize) };
}

export interface BeamByHand {
  readonly tokens: readonly number[];
  /** The least by which a path that was pursued had a higher score than one that was not. */
  readonly margin: number;
}

interface PathByHand {
  readonly context: readonly number[];
  score: number;
}

/** Beam search over a whole recording. @param earned what some tokens earn by hotwords */
export function beamByHand(
  model: RecogniserModel & { kind: 'transducer' },
  samples: Float32Array,
  width: number,
  earned: (tokens: readonly number[]) => number,
): BeamByHand {
  const { blank, contextSize, unknown } = model;
  const decoder = new NetByHand(model.decoder);
  const joiner = new NetByHand(model.joiner);
  const start = Array.from({ length: contextSize }, (_, i) => (i < contextSize - 1 ? NO_TOKEN : blank));
  let paths: PathByHand[] = [{ context: start, score: 0 }];
  let margin = Infinity;
  for (const encoded of outputFrames(model, encodeByHand(model, samples))) {
    const all = paths.flatMap(({ context, score }) => {
      const decoded = decoder.run(BigInt64Array.from(context.slice(-contextSize), BigInt));
      const logits = joiner.run(encoded, decoded);
      const norm = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
      return Array.from(logits, (logit, id) => ({ context, id, score: score + logit - norm }));
    });
    all.sort((a, b) => b.score - a.score);
    margin = Math.min(margin, all[width - 1].score - all[width].score);
    const next = new Map<string, PathByHand>();
    for (const { context, id, score } of all.slice(0, width)) {
      const isSilent = id === blank || id === unknown;
      const after = isSilent ? context : [...context, id];
      const more = earned(after.slice(contextSize)) - earned(context.slice(contextSize));
      const same = next.get(after.join(' '));
      if (same === undefined) next.set(after.join(' '), { context: after, score: score + more });
      else same.score = Math.log(Math.exp(same.score - score) + Math.exp(more)) + score;
    }
    paths = [...next.values()];
  }
  decoder.close();
  joiner.close();
  const [best] = paths.toSorted((a, b) => b.score / b.context.length - a.score / a.context.length);
  return { tokens: best.context.slice(contextSize), margin };
}
