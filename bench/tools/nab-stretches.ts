/**
 * What docs/alerts.md counts alerts in: the longest stretch without a labelled fault of every file of NAB in which a week is
 * left to judge behind the rows that are learnt, as files of their own.
 *
 *     npx tsx bench/tools/nab-stretches.ts NAB FOLDER
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findDataFiles } from '../../src/backtest/data-files.js';
import { fitLabels } from '../../src/backtest/label-fit.js';
import { rowTimes } from '../../src/backtest/history.js';
import { readLabels } from '../../src/backtest/labels.js';
import { probationOf } from '../../src/backtest/nab-rewards.js';
import { isWithin, type Span } from '../../src/backtest/spans.js';
import { readTable } from '../../src/backtest/table.js';
import { MICROS } from '../../src/core/time.js';

const [root, folder] = process.argv.slice(2);
if (root === undefined || folder === undefined)
  throw new Error('usage: npx tsx bench/tools/nab-stretches.ts NAB FOLDER');
const files = await findDataFiles([join(root, 'data')]);
const tables = await Promise.all(files.map(({ path }) => readTable(path)));
const times = tables.map((table, i) => rowTimes(table, files[i].path));
const named = files.map(({ path }, i) => ({ path, timesUs: times[i].timesUs, zones: times[i].zones }));
const faults = fitLabels(await readLabels(join(root, 'labels/combined_windows.json')), named);
for (const [i, { name }] of files.entries()) {
  const { timesUs } = times[i];
  const { from, to } = longestCalm(timesUs, faults[i] ?? []);
  const learnt = probationOf(to - from);
  if (timesUs[to - 1] - timesUs[from + learnt] < 7 * MICROS.day) continue;
  const { columns, rows } = tables[i];
  const lines = [columns, ...rows.slice(from, to).map(({ cells }) => cells)].map((cells) => cells.join(','));
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), `${lines.join('\n')}\n`);
}

/** Rows [from, to) of the longest stretch of time in which no row lies in a fault. */
function longestCalm(timesUs: Float64Array, spans: readonly Span[]): { readonly from: number; readonly to: number } {
  let best = { from: 0, to: 0 };
  let longestUs = -1;
  for (let from = 0, row = 0; row <= timesUs.length; row++) {
    const isFault = row === timesUs.length || spans.some((span) => isWithin(timesUs[row], span));
    if (!isFault) continue;
    const us = row > from ? timesUs[row - 1] - timesUs[from] : -1;
    if (us > longestUs) {
      longestUs = us;
      best = { from, to: row };
    }
    from = row + 1;
  }
  return best;
}
