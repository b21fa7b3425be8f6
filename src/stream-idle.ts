/** How long a stream may be unheard before it is forgotten. */
import type { Config } from './config/config.js';
import type { Micros } from './core/contracts.js';

/** A live audio stream from which nothing comes for this long has ended. */
const AUDIO_IDLE_MS = 10_000;

/** @returns Infinity: never */
export function streamIdleUsOf({ decide, limits }: Config): Micros {
  return (limits.streamIdleMs ?? (decide.task === 'forecast' ? Infinity : AUDIO_IDLE_MS)) * 1000;
}
