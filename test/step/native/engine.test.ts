import { describe } from 'vitest';
import { nativeEngine, openNativeLibrary } from '../../../src/step/native/engine.js';
import { engineContract } from '../../contracts/engine.contract.js';
import { otherBuild } from '../../support/other-build.js';

const CPU = [{ name: 'cpu', options: {} }];

engineContract('native', () => nativeEngine(openNativeLibrary(), CPU));

const other = otherBuild();

describe.skipIf(other === undefined)(
  'with another build of ONNX Runtime: sherpa-onnx has one for most machines',
  () => {
    // Other kernels add up in another order.
    engineContract('native', () => nativeEngine(openNativeLibrary(other), CPU), 1e-5);
  },
);
