/** Steps through onnxruntime-node, on one thread of the processor. */
import { BugError } from '../core/errors.js';
import type { SkippedProvider } from '../core/runtime.js';
import { OrtSession, tensorOf, type Tensor } from './ort.js';
import type { BoundRun, BoundTensor, StepSession } from './session.js';

export class NodeSession implements StepSession {
  readonly provider = 'node/cpu';
  readonly #session: OrtSession;
  #closed = false;

  /**
   * @param file path of the ONNX file, or its bytes
   * @param skipped other hardware, which the configuration preferred
   * @throws UserError `MODEL_INVALID`, `TELEMETRY`, `PLATFORM`
   */
  constructor(
    file: string | Uint8Array,
    readonly skipped: readonly SkippedProvider[] = [],
  ) {
    this.#session = new OrtSession(file);
  }

  bind(feeds: readonly BoundTensor[], fetches: readonly BoundTensor[]): BoundRun {
    return new NodeRun(this, tensorsOf(feeds), tensorsOf(fetches));
  }

  /** @throws UserError `ENGINE` */
  run(feeds: Readonly<Record<string, Tensor>>, fetches: Readonly<Record<string, Tensor>>): void {
    if (this.#closed) throw new BugError('the net is closed');
    this.#session.run(feeds, fetches);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.close();
  }
}

class NodeRun implements BoundRun {
  #released = false;

  constructor(
    private readonly session: NodeSession,
    private readonly feeds: Readonly<Record<string, Tensor>>,
    private readonly fetches: Readonly<Record<string, Tensor>>,
  ) {}

  run(): void {
    if (this.#released) throw new BugError('the run was released');
    this.session.run(this.feeds, this.fetches);
  }

  release(): void {
    this.#released = true;
  }
}

function tensorsOf(bound: readonly BoundTensor[]): Record<string, Tensor> {
  return Object.fromEntries(bound.map(({ name, shape, buffer }) => [name, tensorOf(buffer.values, shape)]));
}
