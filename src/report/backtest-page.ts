/** A backtest as one HTML file: what it comes to, in words and figures, then every file, the worst first. */
import { counted } from '../core/counted.js';
import { MICROS } from '../core/time.js';
import { duration, figure, figureTable, tiles, type FigureTable, type Tile } from './figures.js';
import { html, type Markup } from './html.js';
import { wrongs } from './happenings.js';
import { judgedFile } from './judged-file.js';
import { fairShare } from './pack.js';
import { Charts, page } from './page.js';
import type { ReportedFile } from './reported.js';

/** Rows in all charts of a page together, about; 18 bytes each on average, a third more in base64: 12 MB. */
const MOST_POINTS = 500_000;
/** A chart is not thinner than this, however many there are. */
const LEAST_POINTS = 400;
const OPEN_FILES = 3;
const WEEK_DAYS = 7;

/** Of all files together; null: nothing to divide by. */
export interface Headline {
  /** Judged, of all files together. */
  readonly days: number;
  readonly alerts: number;
  readonly falseAlerts: number;
  readonly faults: number;
  readonly found: number;
  readonly alertsPerDay: number | null;
  readonly falseAlertsPerDay: number | null;
  readonly detectionDelayS: { readonly median: number; readonly worst: number } | null;
}

export interface BacktestPage {
  readonly title: string;
  /** How it was made: detector, command, date. */
  readonly about: string;
  readonly headline: Headline;
  readonly tables: readonly FigureTable[];
  readonly files: readonly ReportedFile[];
  /** Files that could not be judged, and why. */
  readonly refused: readonly { readonly name: string; readonly why: string }[];
}

/** @returns the text of the file */
export async function backtestPage({ title, about, headline, tables, files, refused }: BacktestPage): Promise<string> {
  const charts = new Charts();
  const lengths = files.flatMap(({ channels, timesUs }) => Array.from([...channels, 'score'], () => timesUs.length));
  const points = fairShare(lengths, MOST_POINTS, LEAST_POINTS);
  const isLabelled = files.some(({ faults }) => faults !== undefined);
  const sorted = files.toSorted((a, b) => wrongs(b) - wrongs(a) || b.incidents.length - a.incidents.length);
  const thinned = files.filter(({ timesUs }) => timesUs.length > points).length;
  const body = html`<p class="quiet">${about}</p>
    ${tiles([alertTile(headline), ...(isLabelled ? faultTiles(headline) : [])])}
    <p>${often(headline, files.length)} ${verdict(headline, isLabelled)}</p>
    ${tables.map(figureTable)} ${refused.map(({ name, why }) => html`<p class="bad">Not judged: ${name}: ${why}</p>`)}
    <h2>${counted(files.length, 'file')}${isLabelled ? ', the worst first' : ''}</h2>
    <p class="quiet screen">
      Drag over a chart to see that part of it; a double click shows all again. A chart that is selected with the Tab
      key also takes ← and →, + and −, and 0 for all. Times are
      UTC.${thinned > 0 ? ` Of ${counted(thinned, 'file')} only the extremes are drawn.` : ''}
    </p>
    <p class="screen">
      <button type="button" data-open="all">Open all</button> <button type="button" data-open="none">Close all</button>
    </p>
    ${sorted.map((file, i): Markup => judgedFile(file, charts, points, i < OPEN_FILES))}`;
  return page(title, body, charts);
}

function alertTile({ alerts, alertsPerDay, days }: Headline): Tile {
  const note = `${counted(alerts, 'alert')} in ${spanOf(days)}, all files together`;
  if (days >= WEEK_DAYS) return { name: 'alerts a week', figure: perWeek(alertsPerDay), note };
  return { name: 'alerts', figure: String(alerts), note: `in ${spanOf(days)}, all files together` };
}

function faultTiles({ days, faults, found, falseAlerts, falseAlertsPerDay, detectionDelayS: delay }: Headline): Tile[] {
  return [
    {
      name: 'faults found',
      figure: `${found} of ${faults}`,
      note: found === faults ? 'none missed' : `${faults - found} missed`,
    },
    days >= WEEK_DAYS
      ? {
          name: 'false alerts a week',
          figure: perWeek(falseAlertsPerDay),
          note: `${counted(falseAlerts, 'alert')} outside of all faults`,
        }
      : { name: 'false alerts', figure: String(falseAlerts), note: 'outside of all faults' },
    {
      name: 'delay of the alert',
      figure: delay === null ? '–' : duration(delay.median),
      note:
        delay === null
          ? 'nothing was found'
          : `from the beginning of the fault, median; ${duration(delay.worst)} at worst`,
    },
  ];
}

/** Whoever judges a few hours of provoked faults learns nothing of an ordinary week. */
function often({ days, alerts, alertsPerDay }: Headline, files: number): string {
  const who = `Somebody who watches ${files === 1 ? 'this stream' : `one of these ${files} streams`} would have got`;
  if (days >= WEEK_DAYS) return `${who} ${perWeek(alertsPerDay)} alerts a week.`;
  return (
    `${counted(alerts, 'alert')} would have been raised in ${spanOf(days)} of data, ` +
    'which is too little to say how many there are in a week.'
  );
}

function verdict({ faults, found, falseAlerts, alerts }: Headline, isLabelled: boolean): string {
  if (!isLabelled) return 'Nobody has noted when something was wrong, so that no alert can be called right or false.';
  return `${falseAlerts} of ${counted(alerts, 'alert')} were false, and of ${counted(faults, 'fault')} ${found} were found.`;
}

function spanOf(days: number): string {
  return duration((days * MICROS.day) / MICROS.second);
}

function perWeek(perDay: number | null): string {
  return figure(perDay === null ? null : WEEK_DAYS * perDay);
}
