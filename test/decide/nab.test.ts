/**
 * Real sensors (the Numenta Anomaly Benchmark) with the simplest of forecasts: a sanity check of rates and of what is
 * found, not a score.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { needsSharedData } from '../support/needs.js';
import { STEP_US, START_US, Watch } from './watch.js';

/** NAB's own: detections in the first rows do not count. */
const PROBATION_ROWS = 750;
const PROBATION_SHARE = 0.15;

const millis = (time: string): number => Date.parse(`${time.replace(' ', 'T')}Z`);

interface Rows {
  readonly times: readonly number[];
  readonly values: Float64Array;
}

function read(path: string): Rows {
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1);
  const cells = lines.map((line) => line.split(','));
  return {
    times: cells.map(([time]) => millis(time)),
    values: Float64Array.from(cells, ([, value]) => Number(value)),
  };
}

interface Tally {
  windows: number;
  found: number;
  elsewhere: number;
  days: number;
}

/** Counts, for one file, the labelled windows with an incident in them and the incidents outside. */
function watchFile(path: string, spans: readonly (readonly string[])[], options: Record<string, unknown>): Tally {
  const { times, values } = read(path);
  const calibration = Math.min(PROBATION_ROWS, Math.floor(PROBATION_SHARE * values.length));
  const watch = new Watch([values.subarray(0, calibration)], 'gaussian', options);
  watch.run([values], calibration);
  const at = watch.events
    .filter((event) => event.type === 'incident' && event.phase === 'new')
    .map(({ us }) => times[(us - START_US) / STEP_US]);
  const windows = spans.map(([from, to]) => ({ from: millis(from), to: millis(to) }));
  return {
    windows: windows.length,
    found: windows.filter(({ from, to }) => at.some((time) => time >= from && time <= to)).length,
    elsewhere: at.filter((time) => !windows.some(({ from, to }) => time >= from && time <= to)).length,
    days: (times[times.length - 1] - times[calibration]) / 86_400_000,
  };
}

it('finds labelled windows of real sensors at a bearable rate of incidents elsewhere', (ctx) => {
  const root = needsSharedData(ctx, 'sensors/nab');
  const labels = JSON.parse(readFileSync(`${root}/labels/combined_windows.json`, 'utf8')) as Record<string, string[][]>;
  const rates: number[] = [];
  for (const options of [{}, { openScore: 0.3, closeScore: 0.2 }, { openScore: 0.2, closeScore: 0.15 }]) {
    const sum: Tally = { windows: 0, found: 0, elsewhere: 0, days: 0 };
    for (const [file, spans] of Object.entries(labels)) {
      const tally = watchFile(`${root}/data/${file}`, spans, options);
      for (const key of ['windows', 'found', 'elsewhere', 'days'] as const) sum[key] += tally[key];
    }
    const rate = sum.elsewhere / sum.days;
    rates.push(rate);
    console.log(
      `${JSON.stringify(options)}: ${sum.found} of ${sum.windows} windows, ${rate.toFixed(3)} incidents elsewhere a day`,
    );
    expect(sum.found).toBeGreaterThan(0);
  }
  expect(rates[0]).toBeLessThan(0.2);
});
