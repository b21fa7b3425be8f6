/** A configuration in which onnxruntime-node steps the nets, whatever was written. */
import type { RuntimeOptions } from '../core/runtime.js';
import type { Config } from './config.js';

/** The written value changes as well, because other threads read that. */
export function withNodeEngine(config: Config): Config {
  const { threads } = config.runtime;
  const runtime: RuntimeOptions = { engine: 'node', providers: [{ name: 'cpu', options: {} }], threads };
  return { ...config, runtime, value: { ...(config.value as object), runtime } };
}
