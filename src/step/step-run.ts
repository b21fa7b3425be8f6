/** One call of a step model with everything it needs made beforehand, so that a step allocates no tensor of its own. */
import type { ModelCard } from '../core/card.js';
import { float32, type OrtSession, type Tensor } from './ort.js';
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

/** Tensors for `rows` rows over buffers that the caller fills and reads. The row mask is 1 everywhere until changed. */
export class StepRun {
  readonly x: Float32Array;
  readonly rowMask: Float32Array;
  readonly y: Float32Array;
  readonly #feeds: Record<string, Tensor>;
  /** onnxruntime-node writes into a tensor that is given to it: 1 µs dearer than a new one, but nothing to collect. */
  readonly #fetches: Record<string, Tensor>;

  /** `states` and `next`: one buffer a state, in the card's order. They must not overlap. */
  constructor(
    ports: StepPorts,
    readonly rows: number,
    readonly states: readonly Float32Array[],
    readonly next: readonly Float32Array[],
  ) {
    this.x = new Float32Array(rows * ports.x.layout.width);
    this.rowMask = new Float32Array(rows).fill(1);
    this.y = new Float32Array(rows * ports.y.layout.width);
    this.#feeds = { [ports.x.name]: float32(this.x, shapeOf(ports.x.layout, rows)) };
    this.#fetches = { [ports.y.name]: float32(this.y, shapeOf(ports.y.layout, rows)) };
    const { rowMask } = ports;
    if (rowMask) this.#feeds[rowMask.name] = float32(this.rowMask, shapeOf(rowMask.layout, rows));
    ports.states.forEach((state, i) => {
      const shape = shapeOf(state.layout, rows);
      this.#feeds[state.name] = float32(states[i], shape);
      this.#fetches[state.next] = float32(next[i], shape);
    });
  }

  /** Fills `y` and `next`. @throws UserError `ENGINE` */
  run(session: OrtSession): void {
    session.run(this.#feeds, this.#fetches);
  }
}
