/** A lane whose stages do the least that stages can do: what is left is the lane's own work around the net. */
import type {
  Aligner,
  Batch,
  Emit,
  Feature,
  ForecastDecider,
  Frame,
  Net,
  PerSlot,
  Slot,
} from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import { ReadySlots, type GiveWaiting } from '../../src/feature/ready-slots.js';
import { StreamLane } from '../../src/lane.js';
import { Stepper } from '../../src/stepper.js';

const STEP_US = 1_000_000;

abstract class Stateless implements PerSlot {
  open(_slot: Slot, _stream: string): void {}
  leave(_slot: Slot): void {}
  save(_slot: Slot): Uint8Array {
    return new Uint8Array(1);
  }
  load(_slot: Slot, _bytes: Uint8Array): void {}
}

/** Every reading is a time step. */
class EveryReading extends Stateless implements Aligner {
  readonly stepUs = STEP_US;

  push(_slot: Slot, frame: Frame, emit: (frame: Frame) => void): void {
    emit(frame);
  }

  flush(): void {}
}

/** The values as they came. */
class AsTheyCame extends Stateless implements Feature {
  readonly names: readonly string[];
  readonly shiftUs = STEP_US;
  /** Frames of the slots that wait. */
  readonly #frames: (Frame | undefined)[];
  readonly #ready: ReadySlots;
  readonly #give: GiveWaiting = (slot, out) => {
    const frame = this.#frames[slot];
    if (frame === undefined) return false;
    const row = out.n++;
    const { width } = this;
    const { data } = frame;
    const rows = out.data;
    out.slot[row] = slot;
    out.us[row] = frame.us;
    out.gap[row] = 0;
    for (let i = 0, at = row * width; i < width; i++, at++) rows[at] = data[i];
    this.#frames[slot] = undefined;
    return false;
  };

  constructor(
    private readonly width: number,
    capacity: number,
  ) {
    super();
    this.names = Array.from({ length: width }, (_, i) => `x${i}`);
    this.#frames = Array.from({ length: capacity }, () => undefined);
    this.#ready = new ReadySlots(capacity);
  }

  push(slot: Slot, frame: Frame): void {
    this.#frames[slot] = frame;
    this.#ready.add(slot);
  }

  flush(): void {}

  take(out: Batch): number {
    return this.#ready.fill(out, this.#give);
  }
}

/** Hands every stream its output. */
class HandOver extends Stateless implements ForecastDecider {
  readonly version = 'hand-over';
  readonly silentAfterSteps = 10;
  /** [capacity, width] */
  readonly outputs: Float32Array;

  constructor(
    private readonly width: number,
    capacity: number,
  ) {
    super();
    this.outputs = new Float32Array(capacity * width);
  }

  push(output: Float32Array, input: Batch, _emit: Emit): void {
    const { width, outputs } = this;
    for (let row = 0; row < input.n; row++) {
      const at = input.slot[row] * width;
      for (let i = 0; i < width; i++) outputs[at + i] = output[row * width + i];
    }
  }

  isCalm(): boolean {
    return true;
  }

  rehearse(): void {}

  rehearsed(): object {
    return {};
  }

  end(): void {}
  silence(): void {}
}

export interface BareLane {
  readonly lane: StreamLane;
  /** [capacity, width of an output] */
  readonly outputs: Float32Array;
}

export function bareLane(net: Net): BareLane {
  const [x] = Object.values(net.input);
  const [y] = Object.values(net.output);
  const decider = new HandOver(y.length / net.rows, net.capacity);
  const stepper = new Stepper(new AsTheyCame(x.length / net.rows, net.capacity), net, decider);
  const stages = { aligner: new EveryReading(), stepper };
  return { lane: new StreamLane(stages, { maxStreams: net.capacity }, new Counters()), outputs: decider.outputs };
}
