/** The results of a backtest as CSV files beside each other as their inputs are. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';
import type { FileResult } from './backtest-file.js';

const HEADER = 'timestamp,value,anomaly_score,alert';

/**
 * Writes `folder/NAME` with a line for every row of the input, in its order: its time as it is written there; the first
 * channel, empty where there is none; the score of its time step, 0 where it was not judged (learnt from, warming up, no
 * reading); 1 where an incident was opened.
 * @throws UserError `DISK`
 */
export async function writeResult(folder: string, result: FileResult): Promise<void> {
  const path = join(folder, result.name);
  const { texts, values, scores, alerts } = result;
  const alerting = new Set(alerts);
  const lines = texts.map((text, row) => {
    const value = Number.isNaN(values[row]) ? '' : values[row];
    const score = Number.isNaN(scores[row]) ? 0 : scores[row];
    return `${cellOf(text)},${value},${score},${alerting.has(row) ? 1 : 0}`;
  });
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${[HEADER, ...lines].join('\n')}\n`);
  } catch (cause) {
    throw new UserError('DISK', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}

function cellOf(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
