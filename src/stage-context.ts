/** What the stages of a configuration have in common. */
import type { Config } from './config/config.js';
import { Counters } from './core/counters.js';
import type { StageContext } from './core/kind.js';
import { silentLog, type Log } from './core/log.js';

export interface ContextParts {
  /** Absent: nothing is logged. */
  readonly log?: Log;
  readonly counters?: Counters;
}

/** The context to `create` the stages of `config` with. */
export function contextOf(
  config: Config,
  { log = silentLog, counters = new Counters() }: ContextParts = {},
): StageContext {
  return { name: config.name, baseDir: config.baseDir, log, counters };
}
