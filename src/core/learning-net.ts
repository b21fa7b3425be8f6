/** What online learning asks of a net beyond stepping it. */
import type { Net, Slot } from './contracts.js';

/** A net whose weights may change while it runs; what it remembers of streams stays. */
export interface LearningNet extends Net {
  /** float32 values of all states of one stream. */
  readonly stateValues: number;
  /** Writes the states of a stream in the model's order to `target[at … at + stateValues)`. */
  copyState(slot: Slot, target: Float32Array, at: number): void;
  /**
   * From the next step on another model serves, with the same inputs, outputs and states. `model` goes on to name the one
   * that was opened: it is what saved state belongs to.
   * @param file an ONNX file
   * @throws UserError `MODEL_INVALID`; then the former model goes on
   */
  replaceModel(file: Uint8Array): void;
}

/** Whether the weights of a net can be changed: those of an engine's can, what foretells without a net has none. */
export function isLearningNet(net: Net): net is LearningNet {
  return 'replaceModel' in net;
}
