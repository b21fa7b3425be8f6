/** The fast engine: ONNX Runtime's C API, and whatever hardware that build of it can use. */
import type { Engine, Net } from '../../core/contracts.js';
import type { ProviderOptions } from '../../core/runtime.js';
import type { StepModel } from '../../core/step-model.js';
import { openSlottedNet } from '../net.js';
import type { SessionShare } from '../session-share.js';
import type { NativeLibrary } from './library.js';
import { NativeSession, openSession } from './session.js';

export { openNativeLibrary, type NativeLibrary } from './library.js';

/**
 * @param providers in order of preference; each net runs on the first that takes its model
 * @param share absent: every net opens its model by itself
 */
export function nativeEngine(
  library: NativeLibrary,
  providers: readonly ProviderOptions[],
  share?: SessionShare,
): Engine {
  // Weights of one net only: nothing to share.
  const reopen = (file: Uint8Array): NativeSession => {
    const opened = openSession(library, file, providers);
    return new NativeSession(library, opened, () => library.api.release('ReleaseSession', opened.address));
  };
  return {
    name: 'native',
    version: library.version,
    async open(model: StepModel, capacity: number): Promise<Net> {
      const { sha256 } = model;
      const lent = share?.lent.get(sha256);
      const open = (file: string | Uint8Array): NativeSession => {
        // Who lends it closes it.
        if (lent !== undefined) return new NativeSession(library, lent, () => {});
        const opened = openSession(library, file, providers);
        share?.opened.set(sha256, opened);
        return new NativeSession(library, opened, () => {
          if (share?.opened.get(sha256) === opened) share.opened.delete(sha256);
          library.api.release('ReleaseSession', opened.address);
        });
      };
      return openSlottedNet(model, capacity, open, reopen);
    },
  };
}
