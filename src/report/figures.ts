/** Numbers as a person reads them. */
import type { Micros } from '../core/contracts.js';
import { toIso } from '../core/time.js';
import { html, NOTHING, type Markup } from './html.js';

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** Three digits. @returns `–` for what is no number */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1e6 || (rounded !== 0 && Math.abs(rounded) < 1e-4)
    ? rounded.toExponential()
    : String(rounded);
}

/** Values that are to be compared: with as many decimals as the largest of them has in three digits. */
export function alike(values: readonly number[]): string[] {
  const largest = Math.max(...values.map(Math.abs));
  const decimals = 2 - Math.floor(Math.log10(largest));
  if (!(decimals >= 0 && decimals <= 8)) return values.map(figure);
  // Adding 0 makes a 0 of −0.
  return values.map((value) => String(Number(value.toFixed(decimals)) + 0));
}

/** In the largest unit of which it is at least two. */
export function duration(seconds: number): string {
  const [name, length] = UNITS.find(([, length]) => seconds >= 2 * length) ?? ['s', 1];
  return `${figure(seconds / length)} ${name}`;
}

/** `2026-01-31 12:00:00`, UTC. */
export function moment(us: Micros): string {
  return toIso(us).slice(0, 19).replace('T', ' ');
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

/** One figure in large type. */
export interface Tile {
  readonly name: string;
  readonly figure: string;
  readonly note: string;
}

export function tiles(all: readonly Tile[]): Markup {
  return html`<dl class="tiles">
    ${all.map(
      ({ name, figure, note }) =>
        html`<div>
          <dt>${name}</dt>
          <dd class="number">${figure}</dd>
          <dd class="quiet">${note}</dd>
        </div>`,
    )}
  </dl>`;
}

export interface FigureTable {
  readonly caption: string;
  /** Of the columns; the first one names the rows, the others hold figures. */
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note?: string;
}

export function figureTable({ caption, header, rows, note }: FigureTable): Markup {
  const [first, ...others] = header;
  return html`<div class="wide">
      <table>
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            <th scope="col">${first}</th>
            ${others.map((name) => html`<th scope="col" class="number">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, ...cells]) =>
              html`<tr>
                <th scope="row">${name}</th>
                ${cells.map((cell) => html`<td class="number">${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${note === undefined ? NOTHING : html`<p class="quiet">${note}</p>`}`;
}
