/**
 * Recognisers whose nets are written by hand: the encoder's output is the list of scores that a test wants for each frame,
 * the decoder forbids the last token of its context (so that the context matters), the joiner adds both.
 */
import { Counters } from '../../src/core/counters.js';
import type { Batch, Net } from '../../src/core/contracts.js';
import type { KiokuEvent, SpeechEvent } from '../../src/core/events.js';
import type { HotwordDecider } from '../../src/core/hotwords.js';
import { silentLog } from '../../src/core/log.js';
import type { CtcModel, TransducerModel } from '../../src/core/recogniser.js';
import type { Port, StepModel } from '../../src/core/step-model.js';
import type { TokenTable } from '../../src/core/tokens.js';
import { transcribeKind } from '../../src/decide/transcribe.js';

export const FRAME_US = 40_000;
export const CONTEXT_SIZE = 2;
/** What the decoder adds to the score of the last token of its context. */
export const FORBIDDEN = -50;

export const TOKENS = [
  '<blk>',
  '<sos/eos>',
  '<unk>',
  '\u2581HE',
  'LLO',
  '\u2581WORLD',
  'S',
  '<0xE2>',
  '<0x82>',
  '<0xAC>',
];

export function tableOf(symbols: readonly string[]): TokenTable {
  return {
    size: symbols.length,
    symbol: (id) => symbols[id],
    id: (symbol) => (symbols.includes(symbol) ? symbols.indexOf(symbol) : undefined),
  };
}

function portOf(name: string, width: number, elementType: Port['elementType'] = 'float32'): Port {
  return { name, elementType, shape: ['B', width] };
}

function stepModelOf(inputs: [Port, ...Port[]], output: Port): StepModel {
  return { path: '/none.onnx', sha256: '0'.repeat(64), inputs, outputs: [output], states: [], constants: [] };
}

function decoderPorts(width: number): StepModel {
  return stepModelOf([portOf('y', CONTEXT_SIZE, 'int64')], portOf('decoder_out', width));
}

function joinerPorts(width: number): StepModel {
  return stepModelOf([portOf('encoder_out', width), portOf('decoder_out', width)], portOf('logit', width));
}

/** What both kinds of model have; an output frame holds a score a token. */
function baseOf(outputFrames: number, symbols: readonly string[]): Omit<CtcModel, 'kind'> {
  const output: Port = { name: 'output', elementType: 'float32', shape: ['B', outputFrames, symbols.length] };
  return {
    name: 'by-hand',
    folder: '/none',
    architecture: 'none',
    features: { sampleRateHz: 16_000, melBins: 80, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 },
    encoder: stepModelOf([portOf('x', 1)], output),
    chunkFrames: 4 * outputFrames + 5,
    shiftFrames: 4 * outputFrames,
    outputFrames,
    tokens: tableOf(symbols),
    blank: 0,
  };
}

export function ctcModel(outputFrames: number, symbols = TOKENS): CtcModel {
  return { ...baseOf(outputFrames, symbols), kind: 'ctc' };
}

export function transducerModel(outputFrames: number, symbols = TOKENS): TransducerModel {
  return {
    ...baseOf(outputFrames, symbols),
    kind: 'transducer',
    decoder: decoderPorts(symbols.length),
    joiner: joinerPorts(symbols.length),
    contextSize: CONTEXT_SIZE,
    unknown: 2,
  };
}

/** A net without state; `row` computes one row of its output. */
class RowNet implements Net {
  readonly provider = 'by hand';
  readonly rows: number;
  readonly maxSteps = 1;
  readonly input: Record<string, Float32Array> = {};
  readonly integerInput: Record<string, BigInt64Array> = {};
  readonly output: Record<string, Float32Array> = {};
  /** Rows of each step. */
  readonly steps: number[] = [];

  constructor(
    readonly model: StepModel,
    readonly capacity: number,
    private readonly row: (net: RowNet, row: number) => void,
  ) {
    this.rows = capacity;
    const sizeOf = ({ shape }: Port): number => capacity * Number(shape.at(-1));
    for (const port of model.inputs) {
      if (port.elementType === 'int64') this.integerInput[port.name] = new BigInt64Array(sizeOf(port));
      else this.input[port.name] = new Float32Array(sizeOf(port));
    }
    for (const port of model.outputs) this.output[port.name] = new Float32Array(sizeOf(port));
  }

  open(): void {}
  leave(): void {}
  reset(): void {}
  close(): void {}
  load(): void {}

  save(): Uint8Array {
    return new Uint8Array(0);
  }

  step(slots: Int32Array, n: number): void {
    if (new Set(slots.subarray(0, n)).size !== n) throw new Error('a slot is named twice');
    this.steps.push(n);
    for (let row = 0; row < n; row++) this.row(this, row);
  }
}

/** Scores of one output frame: `id` has `score`, everything else 0. */
export function frameOf(id: number, score = 5, symbols = TOKENS): Float32Array {
  const scores = new Float32Array(symbols.length);
  scores[id] = score;
  return scores;
}

/** The log-probabilities of a frame in which `id` has this one and nothing else comes near. */
export function logProbsOf(id: number, logProb: number): Float32Array {
  return frameOf(id, 20).map((score) => score - 20 + logProb);
}

/** One chunk of output frames for one stream. */
export interface Chunk {
  readonly slot?: number;
  readonly us: number;
  readonly frames: readonly Float32Array[];
  readonly gap?: boolean;
}

export const ORIGIN_US = 1_000_000;

/** A transcriber over nets by hand, its events gathered. Slots are open as `stream-0`, `stream-1`, … */
export class Listener {
  readonly decider: HotwordDecider;
  readonly events: SpeechEvent[] = [];
  readonly counters = new Counters();
  /** Contexts that the decoder was asked about, in order. */
  readonly contexts: number[][] = [];
  /** Rows of each step. */
  readonly decoderSteps: readonly number[];
  readonly joinerSteps: readonly number[];
  /** Slots whose encoder was reset. */
  readonly resets: number[] = [];
  readonly #model: CtcModel | TransducerModel;
  readonly #batch: Batch;
  readonly #output: Float32Array;

  constructor(model: CtcModel | TransducerModel, options: Record<string, unknown> = {}, capacity = 4) {
    const width = model.tokens.size;
    this.#model = model;
    this.#batch = batchOf(capacity);
    this.#output = new Float32Array(capacity * model.outputFrames * width);
    const parsed = transcribeKind.schema.parse({ kind: 'transcribe', ...options });
    const rows = capacity * transcribeKind.needs(parsed).rows;
    const decoder = new RowNet(decoderPorts(width), rows, (net, row) => {
      const ids = [...net.integerInput['y'].subarray(row * CONTEXT_SIZE, (row + 1) * CONTEXT_SIZE)].map(Number);
      const last = ids[CONTEXT_SIZE - 1];
      this.contexts.push(ids);
      net.output['decoder_out'].fill(0, row * width, (row + 1) * width);
      if (last !== 0) net.output['decoder_out'][row * width + last] = FORBIDDEN;
    });
    const joiner = new RowNet(joinerPorts(width), rows, ({ input, output }, row) => {
      for (let k = row * width; k < (row + 1) * width; k++) {
        output['logit'][k] = input['encoder_out'][k] + input['decoder_out'][k];
      }
    });
    this.decoderSteps = decoder.steps;
    this.joinerSteps = joiner.steps;
    const common = {
      name: 'test',
      baseDir: '/',
      counters: this.counters,
      log: silentLog,
      capacity,
      originUs: () => ORIGIN_US,
      provider: 'test/cpu',
      resetEncoder: (slot: number) => void this.resets.push(slot),
    };
    const context = model.kind === 'ctc' ? { ...common, model } : { ...common, model, decoder, joiner };
    this.decider = transcribeKind.create(parsed, context);
    for (let slot = 0; slot < capacity; slot++) this.decider.open(slot, `stream-${slot}`);
  }

  /** Bound: gathers. */
  readonly emit = (event: KiokuEvent): void => {
    if (event.type === 'incident' || event.type === 'score') throw new Error('not about speech');
    this.events.push(event);
  };

  /** Chunks of different slots, in one batch. */
  hear(...chunks: readonly Chunk[]): void {
    const width = this.#model.tokens.size;
    this.#batch.n = chunks.length;
    chunks.forEach(({ slot = 0, us, frames, gap = false }, row) => {
      this.#batch.slot[row] = slot;
      this.#batch.us[row] = us;
      this.#batch.gap[row] = Number(gap);
      frames.forEach((scores, t) => this.#output.set(scores, (row * this.#model.outputFrames + t) * width));
    });
    this.decider.push(this.#output, this.#batch, this.emit);
  }

  /** Token ids to hear in slot 0, one an output frame, whole chunks; from `us` on. @returns the time after them */
  hearIds(ids: readonly number[], us: number, slot = 0): number {
    const { outputFrames, tokens } = this.#model;
    const symbols = Array.from({ length: tokens.size }, (_, id) => tokens.symbol(id));
    let at = us;
    for (let first = 0; first < ids.length; first += outputFrames) {
      const frames = ids.slice(first, first + outputFrames).map((id) => frameOf(id, 5, symbols));
      this.hear({ slot, us: at, frames });
      at += outputFrames * FRAME_US;
    }
    return at;
  }
}

export function batchOf(capacity: number): Batch {
  return {
    n: 0,
    width: 1,
    slot: new Int32Array(capacity),
    us: new Float64Array(capacity),
    seq: new Float64Array(capacity),
    data: new Float32Array(capacity),
    mask: new Uint8Array(capacity).fill(1),
    gap: new Uint8Array(capacity),
    settled: new Uint8Array(capacity).fill(1),
  };
}
