/** The program's log: JSON lines for machines, coloured lines for a person at a terminal; always stderr, always in order. */
import { type DestinationStream, pino } from 'pino';
import type { Log } from '../core/log.js';

const SECRET_KEYS = ['password', 'passphrase', 'secret', 'token', 'authorization'];

/**
 * @param level one of `LOG_LEVELS`
 * @param destination where its lines of JSON go: to stderr. Written synchronously, so that the last words before a crash
 * are not lost and lines do not overtake those that a command writes itself.
 */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Log {
  const paths = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino({ level, base: null, redact: { paths, censor: '[hidden]' } }, destination);
}
