/** Memory for the inputs and outputs of runs of so many rows and steps. */
import { packRows, shapeOf, unpackRows } from './row-layout.js';
import { TensorBuffer, type BoundRun, type BoundTensor, type StepSession } from './session.js';
import { buffersFor, type PortLayout, type StepPorts } from './step-ports.js';

/**
 * Inputs and outputs of runs of `rows` streams by `steps` steps, in the order of the ports; which states they start from is
 * said in `bind`.
 */
export class RunBuffers {
  /** 1 until changed; of a model without a row mask it means nothing. */
  readonly rowMask: Float32Array;
  readonly #ports: StepPorts;
  readonly #inputs: readonly TensorBuffer[];
  readonly #outputs: readonly TensorBuffer[];
  readonly #mask: TensorBuffer;

  constructor(
    ports: StepPorts,
    readonly rows: number,
    readonly steps = 1,
  ) {
    this.#ports = ports;
    this.#inputs = buffersFor(ports.inputs, rows * steps);
    this.#outputs = buffersFor(ports.outputs, rows * steps);
    this.#mask = new TensorBuffer('float32', rows);
    this.rowMask = new Float32Array(this.#mask.values.buffer).fill(1);
  }

  /**
   * @param states read by the run
   * @param next written by it: the states that follow
   * @throws UserError `ENGINE`
   */
  bind(session: StepSession, states: readonly TensorBuffer[], next: readonly TensorBuffer[]): BoundRun {
    const ports = this.#ports;
    const { rows, steps } = this;
    const tensor = (port: PortLayout, buffer: TensorBuffer, name = port.name): BoundTensor => {
      return { name, shape: shapeOf(port.layout, rows), buffer };
    };
    const input = (port: PortLayout, buffer: TensorBuffer): BoundTensor => {
      const bound = tensor(port, buffer);
      return port.timeAxis === undefined ? bound : { ...bound, shape: [steps, ...bound.shape] };
    };
    const output = ({ name, layout }: PortLayout, buffer: TensorBuffer): BoundTensor => {
      return { name, shape: shapeOf(layout, rows * steps), buffer };
    };
    const feeds = [
      ...ports.constants,
      ...ports.inputs.map((port, i) => input(port, this.#inputs[i])),
      ...(ports.rowMask === undefined ? [] : [tensor(ports.rowMask, this.#mask)]),
      ...ports.states.map((port, i) => tensor(port, states[i])),
    ];
    const fetches = [
      ...ports.outputs.map((port, i) => output(port, this.#outputs[i])),
      ...ports.states.map((port, i) => tensor(port, next[i], port.next)),
    ];
    return session.bind(feeds, fetches);
  }

  /** `count` contiguous rows of a net's inputs become rows from `to` on (step t of stream i is row t · `rows` + i). */
  setInputs(inputs: readonly TensorBuffer[], from: number, to: number, count: number): void {
    const ports = this.#ports.inputs;
    for (let i = 0; i < ports.length; i++) {
      packRows(ports[i].layout, inputs[i], from, this.#inputs[i], to, this.rows * this.steps, count);
    }
  }

  /** `count` rows from `from` on become contiguous rows of a net's outputs. */
  getOutputs(from: number, outputs: readonly TensorBuffer[], to: number, count: number): void {
    const ports = this.#ports.outputs;
    for (let i = 0; i < ports.length; i++) {
      unpackRows(ports[i].layout, this.#outputs[i], from, this.rows * this.steps, outputs[i], to, count);
    }
  }
}
