/** One judged file in a page: every channel within the band that was expected, its score, incidents, and labels. */
import type { Micros } from '../core/contracts.js';
import type { Chart, Shade, Tone } from './chart.js';
import { happenings, verdict } from './happenings.js';
import { html, NOTHING, type Markup } from './html.js';
import { pack } from './pack.js';
import type { Charts } from './page.js';
import type { ReportedChannel, ReportedFile } from './reported.js';
import { shownRows, timesOf, valuesOf } from './rows.js';

const VALUE_PX = 250;
const SCORE_PX = 120;

/**
 * @param points rows that a chart may have
 * @param open whether it is seen at once
 */
export function judgedFile(file: ReportedFile, charts: Charts, points: number, open: boolean): Markup {
  const { name, channels, scores, threshold } = file;
  const shades = shadesOf(file);
  const marks = file.incidents.map(({ raisedUs }) => ({ at: raisedUs / 1000, tone: 'incident' as const }));
  const chartOf = (shown: Int32Array, own: Omit<Chart, 'axis' | 'x' | 'shades' | 'marks'>): Chart => ({
    axis: 'time',
    x: pack(timesOf(file.timesUs, shown)),
    shades,
    marks,
    ...own,
  });
  const judged = shownRows(file.timesUs, [scores], points);
  const score = chartOf(judged, {
    yRange: [0, 1],
    height: SCORE_PX,
    traces: [{ label: 'score', tone: 'score', style: 'line', values: pack(valuesOf(scores, judged)) }],
    levels: [{ at: threshold, tone: 'incident' }],
  });
  const first = mostTelling(file);
  const values = channels.map((channel, c) => {
    const shown = shownRows(file.timesUs, [channel.values, channel.low, channel.high], points);
    const chart = chartOf(shown, valueChart(channel, shown));
    return channels.length === 1 ? charts.place(chart) : charts.place(chart, String(c), c === first);
  });
  return html`<details${open ? html` open` : NOTHING}>
<summary><strong>${name}</strong> ${verdict(file)}</summary>
<div class="inside">
<figure id="figure-${charts.all.length}" tabindex="0" role="group" aria-label="charts of ${name}">
${channels.length === 1 ? NOTHING : choice(channels, first)}
${values}
${charts.place(score)}
<figcaption class="quiet">${legend(file)}</figcaption>
</figure>
${happenings(file)}
</div>
</details>`;
}

function valueChart(channel: ReportedChannel, shown: Int32Array): Omit<Chart, 'axis' | 'x'> {
  const { name, values, expected, low, high } = channel;
  return {
    height: VALUE_PX,
    traces: [
      { label: 'at most', tone: 'band', style: 'edge', values: pack(valuesOf(high, shown)) },
      { label: 'at least', tone: 'band', style: 'edge', values: pack(valuesOf(low, shown)) },
      { label: 'expected', tone: 'expected', style: 'dashed', values: pack(valuesOf(expected, shown)) },
      { label: name, tone: 'value', style: 'line', values: pack(valuesOf(values, shown)) },
    ],
    band: [0, 1],
  };
}

function shadesOf({ timesUs, learntRows, incidents, faults = [] }: ReportedFile): Shade[] {
  const learnt = timesUs
    .subarray(0, learntRows)
    .filter((us) => !Number.isNaN(us))
    .toSorted();
  return [
    ...(learnt.length === 0 ? [] : [shade(learnt[0], learnt[learnt.length - 1], 'learnt')]),
    ...faults.map(({ fromUs, toUs }) => shade(fromUs, toUs, 'fault')),
    ...incidents.map(({ sinceUs, endUs }) => shade(sinceUs, endUs, 'incident')),
  ];
}

function shade(fromUs: Micros, toUs: Micros, tone: Tone): Shade {
  return { from: fromUs / 1000, to: toUs / 1000, tone };
}

/** The channel that incidents are most often about; it is shown at first. */
function mostTelling({ channels, incidents }: ReportedFile): number {
  const times = channels.map(({ name }) => incidents.filter((incident) => incident.channels[0]?.name === name).length);
  return Math.max(0, times.indexOf(Math.max(...times)));
}

function choice(channels: readonly ReportedChannel[], first: number): Markup {
  const options = channels.map(
    ({ name }, c) => html`<option value="${c}" ${c === first ? html` selected` : NOTHING}>${name}</option>`,
  );
  return html`<label class="screen"
    >channel
    <select>
      ${options}
    </select></label
  >`;
}

function legend({ faults, learntRows }: ReportedFile): Markup {
  return html`${key('incident', 'incident (▼ raised)')}
  ${faults === undefined ? NOTHING : key('fault', 'labelled fault')}
  ${learntRows === 0 ? NOTHING : key('learnt', 'learnt from, not judged')}`;
}

function key(tone: Tone, name: string): Markup {
  return html`<span class="key"><span class="swatch ${tone}"></span>${name}</span>`;
}
