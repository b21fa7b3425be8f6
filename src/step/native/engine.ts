/** The fast engine: ONNX Runtime's C API, and whatever hardware that build of it can use. */
import type { Engine, Net } from '../../core/contracts.js';
import type { ProviderOptions } from '../../core/runtime.js';
import type { StepModel } from '../../core/step-model.js';
import { openSlottedNet } from '../net.js';
import type { NativeLibrary } from './library.js';
import { openNativeSession } from './session.js';

export { openNativeLibrary, type NativeLibrary } from './library.js';

/** @param providers in order of preference; each net runs on the first that takes its model */
export function nativeEngine(library: NativeLibrary, providers: readonly ProviderOptions[]): Engine {
  return {
    name: 'native',
    version: library.version,
    async open(model: StepModel, capacity: number): Promise<Net> {
      return openSlottedNet(model, capacity, (file) => openNativeSession(library, file, providers));
    },
  };
}
