/** The engines by name, each loaded only when it is asked for. */
import type { Engine } from '../core/contracts.js';
import type { RuntimeOptions } from '../core/runtime.js';
import type { SessionShare } from './session-share.js';

export type LoadedEngine = Exclude<RuntimeOptions['engine'], 'auto'>;

/**
 * @param share of the native engine, with other threads
 * @throws UserError `PLATFORM` when the library of the native engine does not load
 */
export async function loadEngine(
  name: LoadedEngine,
  { library, providers }: RuntimeOptions,
  share?: SessionShare,
): Promise<Engine> {
  if (name === 'node') return (await import('./node-engine.js')).nodeEngineFor(providers);
  const { nativeEngine, openNativeLibrary } = await import('./native/engine.js');
  return nativeEngine(openNativeLibrary(library), providers, share);
}
