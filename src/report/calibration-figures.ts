/** Whether the spread of the errors was foretold truly, in three views. */
import type { Calibration } from '../train/record.js';
import type { Chart } from './chart.js';
import { html, type Markup } from './html.js';
import { pack } from './pack.js';
import type { Charts } from './page.js';

const PX = 220;
/** As in `Calibration.standardised`. */
const BIN = 0.25;
const FIRST_BIN = -5;
/** Room above the highest bar. */
const HEADROOM = 1.08;

/** @param id of the channel, part of those of the figures */
export function calibrationFigures({ coverage, pit, standardised }: Calibration, id: number, charts: Charts): Markup {
  return html`<div class="pair">
    <figure id="standardised-${id}" tabindex="0" aria-label="standardised errors">
      <figcaption>Errors in foretold standard deviations, against the normal distribution</figcaption>
      ${charts.place(standardisedChart(standardised))}
    </figure>
    <figure id="pit-${id}" tabindex="0" aria-label="probability integral transform">
      <figcaption>
        Where values fell in the foretold distribution: level when it is true, a hill when it is too wide, a valley when
        it is too narrow
      </figcaption>
      ${charts.place(pitChart(pit))}
    </figure>
    <figure id="coverage-${id}" tabindex="0" aria-label="coverage">
      <figcaption>
        How often an interval held the value, against how often it should: below the line, the net is too sure
      </figcaption>
      ${charts.place(coverageChart(coverage))}
    </figure>
  </div>`;
}

function standardisedChart(counts: readonly number[]): Chart {
  const values = counts.reduce((sum, n) => sum + n, 0);
  const centres = counts.map((_, bin) => FIRST_BIN + (bin + 0.5) * BIN);
  const normal = centres.map((x) => values * BIN * density(x));
  return {
    axis: 'number',
    x: pack(centres),
    xLabel: 'standard deviations',
    height: PX,
    yRange: [0, HEADROOM * Math.max(1, ...counts, ...normal)],
    traces: [
      { label: 'values', tone: 'value', style: 'bars', values: pack(counts) },
      { label: 'normal', tone: 'second', style: 'line', values: pack(normal) },
    ],
  };
}

function pitChart(counts: readonly number[]): Chart {
  const values = counts.reduce((sum, n) => sum + n, 0);
  return {
    axis: 'number',
    x: pack(counts.map((_, i) => (i + 0.5) / counts.length)),
    xLabel: 'foretold probability of less',
    height: PX,
    yRange: [0, HEADROOM * Math.max(1, ...counts)],
    traces: [{ label: 'values', tone: 'value', style: 'bars', values: pack(counts) }],
    levels: [{ at: values / counts.length, tone: 'second' }],
  };
}

function coverageChart(coverage: Calibration['coverage']): Chart {
  const nominal = coverage.map((one) => one.nominal);
  return {
    axis: 'number',
    x: pack(nominal),
    xLabel: 'foretold',
    height: PX,
    yRange: [0, 1],
    traces: [
      { label: 'if true', tone: 'muted', style: 'dashed', values: pack(nominal) },
      { label: 'observed', tone: 'value', style: 'points', values: pack(coverage.map(({ observed }) => observed)) },
    ],
  };
}

/** Of the standard normal distribution. */
function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
