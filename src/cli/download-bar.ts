/** A download as a person sees it: how much, how fast, how long still; plain lines without a terminal. */
import type { Io } from './output.js';
import { gauge, StatusLine } from './status-line.js';

const BAR_CELLS = 20;
/** A terminal is not redrawn more often. */
const DRAW_EVERY_MS = 100;
/** Without a terminal: a line every so often. */
const LINE_EVERY_MS = 5000;

export class DownloadBar {
  readonly #line: StatusLine | undefined;
  #phase = '';
  #startedMs = 0;
  /** There already when the phase began: they came at another time, perhaps yesterday. */
  #startBytes = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly io: Io) {
    if (io.stderr.isTTY) this.#line = new StatusLine(io.stderr);
  }

  /** @param phase such as `downloading` @param total bytes in all; undefined: nobody knows */
  readonly update = (phase: string, bytes: number, total: number | undefined): void => {
    const nowMs = performance.now();
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#startedMs = nowMs;
      this.#startBytes = bytes;
      this.#lastMs = this.#line === undefined ? nowMs : Number.NEGATIVE_INFINITY;
      if (bytes > 0 && phase === 'downloading') this.io.note(`going on at ${megabytes(bytes)}`);
    }
    if (nowMs - this.#lastMs < (this.#line === undefined ? LINE_EVERY_MS : DRAW_EVERY_MS)) return;
    this.#lastMs = nowMs;
    const perSecond = ((bytes - this.#startBytes) / (nowMs - this.#startedMs)) * 1000;
    const text = describe(bytes, total, perSecond);
    if (this.#line === undefined) this.io.note(`${phase} ${text}`);
    else
      this.#line.show(
        total === undefined ? `${phase} ${text}` : `${phase} [${gauge(bytes / total, BAR_CELLS)}] ${text}`,
      );
  };

  /** Takes the bar away. */
  stop(): void {
    this.#line?.clear();
  }
}

function describe(bytes: number, total: number | undefined, perSecond: number): string {
  const speed = perSecond > 0 ? [`${megabytes(perSecond)}/s`] : [];
  if (total === undefined) return [megabytes(bytes), ...speed].join(' | ');
  const left = perSecond > 0 ? [`${Math.ceil((total - bytes) / perSecond)} s left`] : [];
  const percent = total === 0 ? 100 : Math.floor((100 * bytes) / total);
  return [`${percent} %`, `${megabytes(bytes)} of ${megabytes(total)}`, ...speed, ...left].join(' | ');
}

/** Decimal, as servers and disks count. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
