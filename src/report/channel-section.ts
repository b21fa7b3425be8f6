/** One channel on the held-out tail: what was foretold beside what came, the errors, and whether their spread was foretold. */
import type { ChannelRecord, HeldOutSeries, TrainingRecord } from '../train/record.js';
import { calibrationFigures } from './calibration-figures.js';
import type { Chart } from './chart.js';
import { figure } from './figures.js';
import { html, NOTHING, type Markup } from './html.js';
import { interrupted } from './interrupted.js';
import { pack } from './pack.js';
import type { Charts } from './page.js';

const VALUE_PX = 230;
const ERROR_PX = 160;

/** @param open whether it is seen at once */
export function channelSection(
  { channels, heldOut, data }: TrainingRecord,
  c: number,
  charts: Charts,
  open: boolean,
): Markup {
  const channel = channels[c];
  const series = heldOut.filter((one) => one.channel === c).map((one) => interrupted(one, data.stepUs));
  return html`<details${open ? html` open` : NOTHING}>
    <summary><strong>${channel.name}</strong> ${verdict(channel)}</summary>
    <div class="inside">
      ${series.length === 0 ? html`<p class="quiet">No value of it was foretold.</p>` : seriesFigure(channel, series, c, charts)}
      ${channel.calibration === undefined ? NOTHING : calibrationFigures(channel.calibration, c, charts)}
    </div>
  </details>`;
}

function verdict({ net, persistence }: ChannelRecord): Markup {
  if (persistence.rmse === 0) return html`<span class="quiet">never changed</span>`;
  const percent = figure((100 * net.rmse) / persistence.rmse);
  const use = net.rmse < persistence.rmse ? 'quiet' : 'bad';
  return html`<span class="${use}">${percent} % of the error of repeating the last value</span>`;
}

function seriesFigure({ name }: ChannelRecord, series: readonly HeldOutSeries[], c: number, charts: Charts): Markup {
  const choices = series.map(({ stream }, s) => html`<option value="${s}">${stream}</option>`);
  const thinned = series.some(({ every }) => every > 1);
  return html`<figure id="series-${c}" tabindex="0" role="group" aria-label="forecasts of ${name}">
    ${
      series.length === 1
        ? NOTHING
        : html`<label class="screen"
            >stream
            <select>
              ${choices}
            </select></label
          >`
    }
    ${series.flatMap((one, s) => {
      const choice = series.length === 1 ? undefined : String(s);
      return [valueChart(name, one), errorChart(one)].map((chart) => charts.place(chart, choice, s === 0));
    })}
    <figcaption class="quiet">
      Above: what came within the band that was foretold for 95 % of all values. Below: the error, what came minus what
      was expected, in the same band.${thinned ? ' Long tails show the largest errors of each stretch.' : ''}
    </figcaption>
  </figure>`;
}

function valueChart(name: string, { us, observed, expected, low, high }: HeldOutSeries): Chart {
  return {
    axis: 'time',
    x: pack(us.map((at) => at / 1000)),
    height: VALUE_PX,
    traces: [
      ...edges(low, high),
      { label: 'expected', tone: 'expected', style: 'dashed', values: pack(expected) },
      { label: name, tone: 'value', style: 'line', values: pack(observed) },
    ],
    ...(low === undefined ? {} : { band: [0, 1] }),
  };
}

function errorChart({ us, observed, expected, low, high }: HeldOutSeries): Chart {
  const fromExpected = (values: readonly number[] | undefined): number[] | undefined =>
    values?.map((value, i) => value - expected[i]);
  return {
    axis: 'time',
    x: pack(us.map((at) => at / 1000)),
    height: ERROR_PX,
    traces: [
      ...edges(fromExpected(low), fromExpected(high)),
      { label: 'error', tone: 'second', style: 'line', values: pack(observed.map((value, i) => value - expected[i])) },
    ],
    ...(low === undefined ? {} : { band: [0, 1] }),
    levels: [{ at: 0, tone: 'muted' }],
  };
}

function edges(low: readonly number[] | undefined, high: readonly number[] | undefined): Chart['traces'] {
  if (low === undefined || high === undefined) return [];
  return [
    { label: 'at most', tone: 'band', style: 'edge', values: pack(high) },
    { label: 'at least', tone: 'band', style: 'edge', values: pack(low) },
  ];
}
