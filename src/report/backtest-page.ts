/** A backtest as one HTML file: what it comes to, in words and figures, then every file, the worst first. */
import { counted } from '../core/counted.js';
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
    <p>${sentence(headline, files.length, isLabelled)}</p>
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
  const note = `${counted(alerts, 'alert')} in ${figure(days)} days, all files together`;
  return { name: 'alerts a week', figure: perWeek(alertsPerDay), note };
}

function faultTiles({ faults, found, falseAlerts, falseAlertsPerDay, detectionDelayS: delay }: Headline): Tile[] {
  return [
    {
      name: 'faults found',
      figure: `${found} of ${faults}`,
      note: found === faults ? 'none missed' : `${faults - found} missed`,
    },
    {
      name: 'false alerts a week',
      figure: perWeek(falseAlertsPerDay),
      note: `${counted(falseAlerts, 'alert')} outside of all faults`,
    },
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

function sentence(
  { alertsPerDay, faults, found, falseAlerts, alerts }: Headline,
  files: number,
  isLabelled: boolean,
): string {
  const often = `Somebody who watches one of these ${counted(files, 'stream')} would have got ${perWeek(alertsPerDay)} alerts a week.`;
  if (!isLabelled)
    return `${often} Nobody has noted when something was wrong, so that no alert can be called right or false.`;
  return `${often} ${falseAlerts} of ${counted(alerts, 'alert')} were false, and of ${counted(faults, 'fault')} ${found} were found.`;
}

function perWeek(perDay: number | null): string {
  return figure(perDay === null ? null : WEEK_DAYS * perDay);
}
