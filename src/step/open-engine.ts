/** Which engine steps the nets of a configuration. */
import type { Engine } from '../core/contracts.js';
import type { Log } from '../core/log.js';
import type { RuntimeOptions } from '../core/runtime.js';
import { nodeEngine } from './node-engine.js';

/**
 * Opens the engine that a configuration asks for.
 * @throws UserError `PLATFORM` when it is demanded and does not work here
 */
export function openEngine(_runtime: RuntimeOptions, _log: Log): Promise<Engine> {
  return Promise.resolve(nodeEngine);
}
