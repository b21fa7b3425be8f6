/** What was raised in a file and what was missed, in words. */
import type { Contribution } from '../core/events.js';
import { alike, duration, figure, moment } from './figures.js';
import { html, NOTHING, type Markup } from './html.js';
import type { ReportedFile, ReportedIncident, Stretch } from './reported.js';

/** How wrong a file was judged, for showing the worst first. */
export function wrongs({ judgedFaults, found, falseAlerts }: ReportedFile): number {
  return judgedFaults - found + falseAlerts;
}

/** A file in a line. */
export function verdict({ faults, judgedFaults, found, falseAlerts, incidents, delayS }: ReportedFile): Markup {
  const alerts = incidents.length === 1 ? '1 alert' : `${incidents.length} alerts`;
  if (faults === undefined) return html`<span class="quiet">${alerts}, no labels</span>`;
  const missed = judgedFaults - found;
  return html`<span class="${missed > 0 ? 'bad' : 'quiet'}">${found} of ${judgedFaults} faults found</span>
    <span class="${falseAlerts > 0 ? 'bad' : 'quiet'}">${falseAlerts} of ${alerts} false</span>
    <span class="quiet">${delayS === null ? '' : `first alert after ${duration(delayS)}`}</span>`;
}

/** What was raised, and what was missed, in order of time. */
export function happenings({ incidents, faults, timesUs, learntRows }: ReportedFile): Markup {
  const raisedIn = ({ fromUs, toUs }: Stretch): boolean =>
    incidents.some(({ raisedUs }) => raisedUs >= fromUs && raisedUs <= toUs);
  // Comparisons with NaN, a row without a time, are false.
  const judgedFromUs = timesUs.subarray(learntRows).reduce((first, us) => (us < first ? us : first), Infinity);
  const rows = [
    ...incidents.map((incident) => ({ us: incident.raisedUs, row: incidentRow(incident, faults) })),
    ...(faults ?? []).flatMap((fault) =>
      raisedIn(fault) ? [] : [{ us: fault.fromUs, row: missedRow(fault, fault.toUs < judgedFromUs) }],
    ),
  ].toSorted((a, b) => a.us - b.us);
  if (rows.length === 0) return html`<p class="quiet">Nothing was raised here.</p>`;
  return html`<div class="wide long" tabindex="0" role="group" aria-label="incidents and missed faults">
    <table>
      <thead>
        <tr>
          <th scope="col">raised (UTC)</th>
          <th scope="col">for</th>
          <th scope="col">severity</th>
          <th scope="col">what</th>
          ${faults === undefined ? NOTHING : html`<th scope="col">label</th>`}
        </tr>
      </thead>
      <tbody>
        ${rows.map(({ row }) => row)}
      </tbody>
    </table>
  </div>`;
}

function incidentRow(incident: ReportedIncident, faults: readonly Stretch[] | undefined): Markup {
  const { sinceUs, raisedUs, endUs, severity, score } = incident;
  const isRight = faults?.some(({ fromUs, toUs }) => raisedUs >= fromUs && raisedUs <= toUs);
  const label = isRight ? html`<td class="good">in a fault</td>` : html`<td class="bad">false</td>`;
  return html`<tr>
    <td>${moment(raisedUs)}</td>
    <td>${duration((endUs - sinceUs) / 1e6)}</td>
    <td>${severity}, ${figure(score)}</td>
    <td>${what(incident)}</td>
    ${faults === undefined ? NOTHING : label}
  </tr>`;
}

function missedRow({ fromUs, toUs }: Stretch, before: boolean): Markup {
  return html`<tr>
    <td>–</td>
    <td>${duration((toUs - fromUs) / 1e6)}</td>
    <td>–</td>
    <td>labelled from ${moment(fromUs)} to ${moment(toUs)}</td>
    ${before ? html`<td>not judged</td>` : html`<td class="bad">missed</td>`}
  </tr>`;
}

function what({ reason, channels }: ReportedIncident): string {
  if (reason === 'silent') return 'nothing came';
  const parts = channels.map((channel) => {
    const [observed, expected] = alike([channel.observed, channel.expected]);
    return `${channel.name} ${observed}, expected ${expected} (${VIEW_WORDS[channel.view]})`;
  });
  return parts.join('; ') + (reason === 'new-normal' ? '; lasted, and is the new normal since' : '');
}

const VIEW_WORDS: Readonly<Record<Contribution['view'], string>> = {
  level: 'an unusual value',
  drift: 'off the forecast for a while',
  noise: 'scatters unusually',
  still: 'does not move',
};
