/** The log for a person at a terminal. In a file of its own, because a daemon need not wait for pino-pretty. */
import { prettyFactory } from 'pino-pretty';
import { CLEAR_LINE } from './status-line.js';

/**
 * Coloured lines, each in place of a progress bar, which draws itself anew below.
 * @param finishLine called before each line, see `Io`
 */
export function terminalLog(terminal: NodeJS.WriteStream, finishLine?: () => void): { write(line: string): void } {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  return {
    write: (line) => {
      finishLine?.();
      terminal.write(CLEAR_LINE + format(line));
    },
  };
}
