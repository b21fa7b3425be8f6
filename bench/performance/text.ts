/** A result for people at a terminal. */
import { amount, type BenchResult, type BenchRow, range } from '../report.js';
import { BARS, barText, isMet } from './bars.js';

/**
 * One line a row: its median, the range of its samples and the bar that it has, then the notes.
 * @param smoke the figures mean nothing, so they are held against no bar
 */
export function resultText({ bench, machine, rows, notes }: BenchResult, smoke: boolean): string {
  const lines = rows.map((row) => [row.id, amount(row), spread(row), smoke ? '' : verdict(row)]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...lines.map((cells) => cells[column].length)));
  const { cpu, cores, memoryGiB, node } = machine;
  return [
    `${bench} on ${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}`,
    ...(smoke ? ['a hundredth of the work, to see that it runs: the figures mean nothing'] : []),
    ...lines.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}

function spread(row: BenchRow): string {
  return row.samples.length > 1 ? `${range(row)} in ${row.samples.length} samples` : '';
}

function verdict({ id, value }: BenchRow): string {
  const bar = BARS.find((one) => one.id === id);
  return bar === undefined ? '' : `${barText(bar)}: ${isMet(bar, value) ? 'met' : 'missed'}`;
}
