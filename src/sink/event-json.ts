/** An event as the JSON that leaves this process. */
import type { KiokuEvent } from '../core/events.js';
import { toIso } from '../core/time.js';

/** @returns one line: the event as it is (times in µs), with `time` and `since` in ISO 8601 for people */
export function eventJson(event: KiokuEvent): string {
  const { type, id, stream, us } = event;
  const time = toIso(us);
  if (event.type !== 'score' && event.type !== 'incident') return JSON.stringify(event);
  const { score } = event;
  if (event.type === 'score') return JSON.stringify({ type, time, us, stream, id, score });
  const { phase, severity, reason, sinceUs, channels } = event;
  const since = toIso(sinceUs);
  return JSON.stringify({ type, phase, time, us, stream, id, severity, score, reason, since, sinceUs, channels });
}
