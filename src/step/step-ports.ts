/** A model's inputs, outputs and states with their layouts worked out. */
import type { Port, StepModel } from '../core/step-model.js';
import { rowLayout, type RowLayout } from './row-layout.js';
import { TensorBuffer, type BoundTensor } from './session.js';

export interface PortLayout extends Port {
  readonly layout: RowLayout;
}

export interface StepPorts {
  readonly inputs: readonly PortLayout[];
  readonly outputs: readonly PortLayout[];
  readonly states: readonly (PortLayout & { readonly next: string })[];
  readonly rowMask: PortLayout | undefined;
  /** The same in every run. */
  readonly constants: readonly BoundTensor[];
}

function withLayout<P extends Port>(port: P): P & { readonly layout: RowLayout } {
  return { ...port, layout: rowLayout(port.shape, port.elementType) };
}

export function stepPorts({ inputs, outputs, states, rowMask, constants }: StepModel): StepPorts {
  return {
    inputs: inputs.map(withLayout),
    outputs: outputs.map(withLayout),
    states: states.map(withLayout),
    rowMask: rowMask && withLayout(rowMask),
    constants: constants.map(({ name, elementType, shape, value }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const buffer = new TensorBuffer(elementType, size);
      if (buffer.values instanceof BigInt64Array) buffer.values.fill(BigInt(value));
      return { name, shape, buffer };
    }),
  };
}

/** One buffer a port for `rows` streams, all 0. */
export function buffersFor(ports: readonly PortLayout[], rows: number): TensorBuffer[] {
  return ports.map(({ elementType, layout }) => new TensorBuffer(elementType, rows * layout.width));
}

/** The buffers of one element type by the names of their ports. */
export function buffersByName<V extends Float32Array | BigInt64Array>(
  ports: readonly PortLayout[],
  buffers: readonly TensorBuffer[],
  type: new () => V,
): Record<string, V> {
  const entries: [string, V][] = [];
  ports.forEach(({ name }, i) => {
    const { values } = buffers[i];
    if (values instanceof type) entries.push([name, values]);
  });
  return Object.fromEntries(entries);
}
