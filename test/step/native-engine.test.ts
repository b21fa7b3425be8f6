import { nativeEngine, openNativeLibrary } from '../../src/step/native/engine.js';
import { engineContract } from '../contracts/engine.contract.js';

const CPU = [{ name: 'cpu', options: {} }];

engineContract('native', () => nativeEngine(openNativeLibrary(), CPU));
