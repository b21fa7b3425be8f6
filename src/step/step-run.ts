/** One call of a step model with everything it needs made beforehand, so that a step makes no inputs. */
import type { Port, StepModel } from '../core/step-model.js';
import { float32Of, tensorOf, valuesOf, type OrtSession, type Tensor, type Values } from './ort.js';
import { rowLayout, shapeOf, type RowLayout } from './row-layout.js';

interface PortLayout extends Port {
  readonly layout: RowLayout;
}

/** A model's inputs and outputs with their layouts worked out. */
export interface StepPorts {
  readonly inputs: readonly PortLayout[];
  readonly outputs: readonly PortLayout[];
  readonly states: readonly (PortLayout & { readonly next: string })[];
  readonly rowMask: PortLayout | undefined;
  /** The same tensors in every run. */
  readonly constants: Readonly<Record<string, Tensor>>;
}

function withLayout<P extends Port>(port: P): P & { readonly layout: RowLayout } {
  return { ...port, layout: rowLayout(port.shape) };
}

export function stepPorts({ inputs, outputs, states, rowMask, constants }: StepModel): StepPorts {
  return {
    inputs: inputs.map(withLayout),
    outputs: outputs.map(withLayout),
    states: states.map(withLayout),
    rowMask: rowMask && withLayout(rowMask),
    constants: Object.fromEntries(
      constants.map(({ name, shape, value }) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return [name, tensorOf(new BigInt64Array(size).fill(BigInt(value)), shape)];
      }),
    ),
  };
}

/** One buffer a port for `rows` streams, all zero. */
export function buffersFor(ports: readonly PortLayout[], rows: number): Values[] {
  return ports.map(({ elementType, layout }) => {
    const size = rows * layout.width;
    return elementType === 'float32' ? new Float32Array(size) : new BigInt64Array(size);
  });
}

/** Inputs for `rows` rows that the caller fills, and the outputs of the last run. The row mask is 1 until changed. */
export class StepRun {
  /** In the order of the ports, as the other arrays here. */
  readonly inputs: readonly Values[];
  readonly rowMask: Float32Array;
  /** After `run`; the library makes new ones each time. */
  readonly outputs: Float32Array[] = [];
  /** After `run`: the states that follow. */
  readonly next: Values[] = [];
  readonly #ports: StepPorts;
  readonly #feeds: Record<string, Tensor>;
  /** `null`: onnxruntime-node copies its outputs anyway; a tensor of ours to write into was 10 % dearer. */
  readonly #fetches: Record<string, null> = {};

  /** @param states one buffer a state; `advance` puts the next ones in their place */
  constructor(
    ports: StepPorts,
    readonly rows: number,
    readonly states: Values[],
  ) {
    this.#ports = ports;
    this.inputs = buffersFor(ports.inputs, rows);
    this.rowMask = new Float32Array(rows).fill(1);
    this.#feeds = { ...ports.constants };
    ports.inputs.forEach(({ name, layout }, i) => {
      this.#feeds[name] = tensorOf(this.inputs[i], shapeOf(layout, rows));
    });
    for (const { name } of ports.outputs) this.#fetches[name] = null;
    const { rowMask } = ports;
    if (rowMask) this.#feeds[rowMask.name] = tensorOf(this.rowMask, shapeOf(rowMask.layout, rows));
    ports.states.forEach(({ name, next, layout }, i) => {
      this.#feeds[name] = tensorOf(states[i], shapeOf(layout, rows));
      this.#fetches[next] = null;
    });
  }

  /** Fills `outputs` and `next`. @returns all outputs @throws UserError `ENGINE` */
  run(session: OrtSession): Readonly<Record<string, Tensor>> {
    const result = session.run(this.#feeds, this.#fetches);
    const { outputs, states } = this.#ports;
    for (let i = 0; i < outputs.length; i++) this.outputs[i] = float32Of(result, outputs[i].name);
    for (let i = 0; i < states.length; i++) this.next[i] = valuesOf(result, states[i].next);
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
