import { describe, it } from 'vitest';
import { nativeEngine, openNativeLibrary } from '../../../src/step/native/engine.js';
import { engineContract } from '../../contracts/engine.contract.js';
import { otherBuild } from '../../support/other-build.js';

const CPU = [{ name: 'cpu', options: {} }];

engineContract('native', () => nativeEngine(openNativeLibrary(), CPU));

const other = otherBuild();
if (other === undefined) {
  describe('engine contract: native, another build', () => {
    it('is not proved here', (ctx) =>
      ctx.skip(`sherpa-onnx-node has no library for ${process.platform} ${process.arch}`));
  });
} else {
  // Other kernels add up in another order.
  engineContract('native, another build', () => nativeEngine(openNativeLibrary(other), CPU), 1e-5);
}
