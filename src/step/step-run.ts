/** One call of a step model with everything it needs made beforehand, so that a step makes no inputs. */
import type { ModelCard } from '../core/card.js';
import { float32, float32Of, type OrtSession, type Tensor } from './ort.js';
import { rowLayout, shapeOf, type CardShape, type RowLayout } from './row-layout.js';

interface Port {
  readonly name: string;
  readonly layout: RowLayout;
}

/** The card's inputs and outputs with their layouts worked out. */
export interface StepPorts {
  readonly x: Port;
  readonly rowMask: Port | undefined;
  readonly y: Port;
  readonly states: readonly { readonly name: string; readonly next: string; readonly layout: RowLayout }[];
}

function port({ name, shape }: { readonly name: string; readonly shape: CardShape }): Port {
  return { name, layout: rowLayout(shape) };
}

export function stepPorts(card: ModelCard): StepPorts {
  return {
    x: port(card.inputs.x),
    rowMask: card.inputs.rowMask && port(card.inputs.rowMask),
    y: port(card.outputs.y),
    states: card.states.map(({ name, next, shape }) => ({ name, next, layout: rowLayout(shape) })),
  };
}

/** One buffer a state of `rows` streams, all zero. */
export function stateBuffers(ports: StepPorts, rows: number): Float32Array[] {
  return ports.states.map(({ layout }) => new Float32Array(rows * layout.width));
}

/** Inputs for `rows` rows that the caller fills, and the outputs of the last run. The row mask is 1 until changed. */
export class StepRun {
  readonly x: Float32Array;
  readonly rowMask: Float32Array;
  /** After `run`; the library makes new outputs each time. */
  y: Float32Array = new Float32Array(0);
  /** After `run`: the states that follow, in the card's order. */
  readonly next: Float32Array[] = [];
  readonly #ports: StepPorts;
  readonly #feeds: Record<string, Tensor>;
  /** `null`: onnxruntime-node copies its outputs anyway; a tensor of ours to write into was 10 % dearer. */
  readonly #fetches: Record<string, null> = {};

  /** @param states one buffer a state, in the card's order; `advance` puts the next ones in their place */
  constructor(
    ports: StepPorts,
    readonly rows: number,
    readonly states: Float32Array[],
  ) {
    this.#ports = ports;
    this.x = new Float32Array(rows * ports.x.layout.width);
    this.rowMask = new Float32Array(rows).fill(1);
    this.#feeds = { [ports.x.name]: float32(this.x, shapeOf(ports.x.layout, rows)) };
    this.#fetches[ports.y.name] = null;
    const { rowMask } = ports;
    if (rowMask) this.#feeds[rowMask.name] = float32(this.rowMask, shapeOf(rowMask.layout, rows));
    ports.states.forEach(({ name, next, layout }, i) => {
      this.#feeds[name] = float32(states[i], shapeOf(layout, rows));
      this.#fetches[next] = null;
    });
  }

  /** Fills `y` and `next`. @returns all outputs @throws UserError `ENGINE` */
  run(session: OrtSession): Readonly<Record<string, Tensor>> {
    const result = session.run(this.#feeds, this.#fetches);
    this.y = float32Of(result, this.#ports.y.name);
    const { states } = this.#ports;
    for (let i = 0; i < states.length; i++) this.next[i] = float32Of(result, states[i].next);
    return result;
  }

  /** `run`, after which `next` are the `states` of the run to come: no copy. @throws UserError `ENGINE` */
  advance(session: OrtSession): void {
    const result = this.run(session);
    const { states } = this.#ports;
    for (let i = 0; i < states.length; i++) {
      this.#feeds[states[i].name] = result[states[i].next];
      this.states[i] = this.next[i];
    }
  }
}
