/** Every value of the held-out tail with what the net foretold of it. */
import { float32Of, OrtSession } from '../step/ort.js';
import { allocateBatch, BatchTensors } from './batches.js';
import { Foretold } from './foretold.js';
import { buildSequenceGraph } from './inference-graphs.js';
import { LaneState } from './lane-state.js';
import { stateWidth, type NetSpec } from './net-spec.js';
import type { Sequence } from './sequence.js';
import type { Windows } from './windows.js';

/** One value, normalised. The visitor has it only until it returns. */
export interface HeldOutValue {
  readonly sequence: Sequence;
  /** The value's row in the sequence, ≥ 1. */
  readonly row: number;
  readonly channel: number;
  readonly observed: number;
  /** The value before it: what persistence foretells. */
  readonly last: number;
  readonly foretold: Foretold;
}

/**
 * Runs the net over all that the windows count; the order is theirs.
 * @param parameters [N]
 */
export function visitHeldOut(
  spec: NetSpec,
  parameters: Float32Array,
  windows: Windows,
  visit: (value: HeldOutValue) => void,
): void {
  const { lanes, inputs, channels } = windows;
  const session = new OrtSession(buildSequenceGraph(spec, parameters));
  const batch = allocateBatch(windows);
  const state = new LaneState(lanes, stateWidth(spec));
  const tensors = new BatchTensors(windows, batch);
  const outputs = spec.likelihood === 'pinball' ? { y: null, quantiles: null } : { y: null };
  const foretold = new Foretold(spec);
  try {
    for (let index = 0; index < windows.perEpoch; index++) {
      windows.fill(0, index, batch);
      state.restart(batch.restart);
      const out = session.run({ x: tensors.now().x, state: state.now }, { ...outputs, state_next: state.next });
      state.advance();
      const y = float32Of(out, 'y');
      const quantiles = 'quantiles' in outputs ? float32Of(out, 'quantiles') : undefined;
      for (let lane = 0; lane < lanes; lane++) {
        const held = windows.at(index, lane);
        if (held === undefined) continue;
        const value = { sequence: held.piece.sequence, row: 0, channel: 0, observed: 0, last: 0, foretold };
        for (let t = 0; t < batch.length; t++) {
          const row = t * lanes + lane;
          value.row = held.from + t + 1;
          for (let c = 0; c < channels; c++) {
            const entry = row * channels + c;
            if (batch.weight[entry] === 0) continue;
            value.channel = c;
            value.observed = batch.target[entry];
            value.last = batch.x[row * inputs + c];
            foretold.read(y, quantiles, row, c);
            visit(value);
          }
        }
      }
    }
  } finally {
    session.close();
  }
}
