/** What kioku promises of its speed and memory: a bar for each figure, in the units of its row. Only ever tightened. */

export interface Bar {
  readonly id: string;
  readonly what: string;
  readonly bar: { readonly atMost: number } | { readonly atLeast: number };
  /** Where more than the bar is aimed at. */
  readonly aim?: number;
  /** Its peer is installed from the network: without one the row is absent, with a note. */
  readonly needsNetwork?: true;
}

export const BARS: readonly Bar[] = [
  {
    id: 'step.b1.vs-ort-node',
    what: 'Processor time of one LSTM step (64 units, one stream) over that of `run()` in onnxruntime-node',
    bar: { atMost: 0.35 },
  },
  {
    id: 'step.b1.vs-bound-run',
    what: 'The same over a loop that calls one bound run of the C API and does nothing else',
    bar: { atMost: 1.15 },
  },
  {
    id: 'step.b256.vs-gemm',
    what: 'A step among 256 streams over its matrix products alone, at the rate of large ones on this machine',
    bar: { atMost: 2.2 },
  },
  {
    id: 'step.lane-vs-engine',
    what: 'A lane (streams by name, deadline, outputs handed to their streams) over the step of the net alone, 256 streams',
    bar: { atMost: 1.3 },
  },
  {
    id: 'pipeline.vs-bare-mqtt',
    what: 'Processor time a message: mqtt.js with JSON.parse over the whole of kioku (LSTM 64, scores, incidents)',
    bar: { atLeast: 0.5 },
    aim: 0.7,
  },
  {
    id: 'pipeline.vs-node-red',
    what: 'Messages a second over Node-RED with a flow that computes no net',
    bar: { atLeast: 2 },
    aim: 4,
    needsNetwork: true,
  },
  {
    id: 'pipeline.overload',
    what: 'Messages a second when twice the maximum is offered, over the maximum; every drop counted',
    bar: { atLeast: 0.9 },
  },
  {
    id: 'pipeline.latency-p99-ms',
    what: 'From the message in to the event out at half of the maximum, 99th percentile',
    bar: { atMost: 10 },
  },
  {
    id: 'pipeline.loop-delay-p99-ms',
    what: 'Delay of the event loop at half of the maximum, 99th percentile',
    bar: { atMost: 10 },
  },
  {
    id: 'devices.bytes-per-stream',
    what: 'Memory of one of 100,000 streams beyond the state of its LSTM',
    bar: { atMost: 1500 },
  },
  { id: 'devices.cost-vs-1k', what: 'A message among 100,000 streams over one among 1,000', bar: { atMost: 1.5 } },
  {
    id: 'speech.rtf-vs-sherpa',
    what: 'Recognising speech (transducer of 84 million weights) over sherpa-onnx, one thread',
    bar: { atMost: 1 },
  },
  { id: 'vad.vs-sherpa', what: 'Voice activity (Silero) over sherpa-onnx on the same audio', bar: { atMost: 1.05 } },
  {
    id: 'features.vs-meyda',
    what: '80-bin log-mel over the MFCC of meyda, per second of audio',
    bar: { atMost: 0.06 },
  },
  {
    id: 'start.seconds',
    what: 'From the start of the process to the first event, without the start of Node',
    bar: { atMost: 0.5 },
  },
  {
    id: 'soak.memory-ratio',
    what: 'Memory after 5 million steps and 10,000 comings and goings of streams, over that after the warm-up',
    bar: { atMost: 1.05 },
  },
];

/** Figures with a bar that a run of all benchmarks should have given and has not. */
export function missingFigures(ids: ReadonlySet<string>): string[] {
  return BARS.filter(({ id, needsNetwork }) => needsNetwork !== true && !ids.has(id)).map(({ id }) => id);
}

/** Such as `≤ 0.35` or `≥ 0.5 (aim 0.7)`. */
export function barText({ bar, aim }: Bar): string {
  const limit = 'atMost' in bar ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`;
  return aim === undefined ? limit : `${limit} (aim ${aim})`;
}

export function isMet({ bar }: Bar, value: number): boolean {
  return 'atMost' in bar ? value <= bar.atMost : value >= bar.atLeast;
}
