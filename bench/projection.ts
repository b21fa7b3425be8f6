/**
 * What an LSTM's projection saves: recognisers of two layers with and without one, an optimiser step of CTC over 16 strings
 * of 3 s and a step of one stream. One thread, processor time; the nets take turns, so that what else the machine does
 * falls on all.
 */
import { uniform } from '../src/core/random.js';
import { OrtSession, tensorOf, type Tensor } from '../src/step/ort.js';
import { ADAM, AdamSteps } from '../src/train/adam-steps.js';
import { initialParameters, parameterCount, type NetSpec } from '../src/train/net-spec.js';
import { STACKED_FRAMES } from '../src/train/speech/chunk-maker.js';
import { buildRecogniserStep } from '../src/train/speech/export-recogniser.js';
import { speechBatch } from '../src/train/speech/speech-batch.js';
import { buildSpeechTrainGraph } from '../src/train/speech/speech-graphs.js';
import { type BenchOptions, type BenchResult, machine, medianRow, ratioRow } from './report.js';

const WIDTHS: readonly { readonly hidden: number; readonly projection?: number }[] = [
  { hidden: 96 },
  { hidden: 128 },
  { hidden: 128, projection: 64 },
  { hidden: 160 },
  { hidden: 160, projection: 64 },
];
const MEL_BINS = 40;
const TOKENS = 11;
/** Of 40 ms. */
const STEPS = 75;
const STRINGS = 16;
const LABELS = [3, 1, 4];
const FEATURES = { sampleRateHz: 8000, melBins: MEL_BINS, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };

export function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const [rounds, steps] = smoke ? [1, 4] : [15, 400];
  const nets = WIDTHS.map((width) => new Net(width));
  for (let round = -1; round < rounds; round++) for (const net of nets) net.measure(steps, round >= 0);
  const [reference, ...others] = nets;
  const rows = [
    ...nets.flatMap(({ name, learnMs, stepUs }) => [
      medianRow(`projection.${name}.optimiser-step`, 'ms', learnMs),
      medianRow(`projection.${name}.step`, 'µs', stepUs),
    ]),
    ...others.flatMap(({ name, learnMs, stepUs }) => [
      ratioRow(`projection.${name}.optimiser-step.vs-${reference.name}`, learnMs, reference.learnMs),
      ratioRow(`projection.${name}.step.vs-${reference.name}`, stepUs, reference.stepUs),
    ]),
  ];
  const notes = nets.map(({ name, parameters }) => `${name}: ${parameters} parameters`);
  for (const net of nets) net.close();
  return Promise.resolve({ bench: 'projection', machine: machine(), rows, notes });
}

class Net {
  readonly name: string;
  readonly parameters: number;
  readonly learnMs: number[] = [];
  readonly stepUs: number[] = [];
  readonly #adam: AdamSteps;
  readonly #batch: Record<string, Tensor>;
  readonly #session: OrtSession;
  readonly #feeds: Record<string, Tensor>;
  readonly #outputs: Record<string, null>;

  constructor({ hidden, projection }: (typeof WIDTHS)[number]) {
    this.name = projection === undefined ? `${hidden}` : `${hidden}-to-${projection}`;
    const shape = { cell: 'lstm', inputs: STACKED_FRAMES * MEL_BINS, hidden, projection, layers: 2 } as const;
    const spec: NetSpec = { ...shape, channels: TOKENS, objective: 'mse', dropout: 0, skip: false };
    this.parameters = parameterCount(spec);
    const parameters = initialParameters(spec, 1);
    const graph = buildSpeechTrainGraph(spec, LABELS.length, { ...ADAM, weightDecay: true });
    this.#adam = new AdamSteps(graph, parameters, { clipNorm: 2, weightDecay: 0.01 });
    this.#batch = { ...strings(spec.inputs), ctc_share: tensorOf(Float32Array.of(1), []) };
    const scale = { mean: new Float32Array(MEL_BINS), spread: new Float32Array(MEL_BINS).fill(1) };
    this.#session = new OrtSession(buildRecogniserStep({ spec, parameters, features: FEATURES, scale }));
    // Whatever it remembers, its state before a step is noise like what it hears.
    const feeds = this.#session.inputs.map(({ name, shape }) => {
      // The batch axis has no size of its own: -1.
      const sizes = shape.map((size) => Math.max(1, size));
      const count = sizes.reduce((a, b) => a * b, 1);
      return [name, tensorOf(noise(count, 0), sizes)] as const;
    });
    this.#feeds = Object.fromEntries(feeds);
    this.#outputs = Object.fromEntries(this.#session.outputs.map(({ name }) => [name, null]));
  }

  /** One optimiser step, and some steps of a stream. */
  measure(steps: number, counted: boolean): void {
    const learnUs = processorUs(() => this.#adam.step(1e-3, this.#batch));
    const stepUs = processorUs(() => {
      for (let i = 0; i < steps; i++) this.#session.run(this.#feeds, this.#outputs);
    });
    if (!counted) return;
    this.learnMs.push(learnUs / 1000);
    this.stepUs.push(stepUs / steps);
  }

  close(): void {
    this.#adam.close();
    this.#session.close();
  }
}

function strings(width: number): Record<string, Tensor> {
  const frameTargets = new Int32Array(STEPS);
  const lessons = Array.from({ length: STRINGS }, (_, string) => {
    const chunks = { count: STEPS, data: noise(STEPS * width, string) };
    return { chunks, speaker: '', labels: LABELS, frameTargets };
  });
  return speechBatch(lessons, width, LABELS.length, 0).feeds;
}

function noise(length: number, stream: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => 2 * uniform(1, stream, i) - 1);
}

function processorUs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
