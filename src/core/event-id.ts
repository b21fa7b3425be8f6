/** Names for events that stay the same when a stream is played again. */
import { createHash } from 'node:crypto';

/** @param parts what makes the event unique, such as stream, kind and time */
export function eventId(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}
