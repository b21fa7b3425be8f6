/** The program's log: JSON lines for machines, coloured lines for a person at a terminal; always stderr, always in order. */
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Log } from '../core/log.js';
import { CLEAR_LINE } from './status-line.js';

const SECRET_KEYS = ['password', 'passphrase', 'secret', 'token', 'authorization'];

/**
 * @param level one of `LOG_LEVELS`
 * @param stderr where it goes; pretty when it is a terminal. Written synchronously, so that the last words before a
 * crash are not lost and lines do not overtake those that a command writes itself.
 * @param finishLine called before each line on a terminal, see `Io`
 */
export function createLog(level: string, stderr: NodeJS.WriteStream, finishLine?: () => void): Log {
  const destination = stderr.isTTY ? lines(stderr, finishLine) : pino.destination({ dest: 2, sync: true });
  const paths = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino({ level, base: null, redact: { paths, censor: '[hidden]' } }, destination);
}

/** For a person: a line each, in place of a progress bar, which draws itself anew below. */
function lines(terminal: NodeJS.WriteStream, finishLine?: () => void): { write(line: string): void } {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  return {
    write: (line) => {
      finishLine?.();
      terminal.write(CLEAR_LINE + format(line));
    },
  };
}
