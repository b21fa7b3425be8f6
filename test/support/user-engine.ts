/** The engine that a user gets on most machines; that the other one gives the same bits is what the tests of engines prove. */
import type { Engine } from '../../src/core/contracts.js';
import { nativeEngine, openNativeLibrary } from '../../src/step/native/engine.js';

export const userEngine: Engine = nativeEngine(openNativeLibrary(), [{ name: 'cpu', options: {} }]);
