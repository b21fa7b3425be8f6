/** An evaluation of keywords as a report: for people and as JSON. */
import type { Interval } from '../core/bootstrap.js';
import { counted } from '../core/counted.js';
import type { Remark } from '../evaluate/hearing.js';
import type { CurvePoint, KeywordEvaluation, KeywordResult } from '../evaluate/keyword-evaluation.js';
import type { KeywordFigures } from '../evaluate/keyword-figures.js';
import { table } from './table.js';

export class KeywordSummary {
  /**
   * @param model how it was called
   * @param unheard what of the manifest was not evaluated
   */
  constructor(
    private readonly model: string,
    private readonly evaluation: KeywordEvaluation,
    readonly unheard: readonly Remark[],
  ) {}

  /** What `--json` prints. Times in s, rates as shares; null: nothing to divide by. */
  toJSON(): object {
    const { keywords, together, curve, ...rest } = this.evaluation;
    return { model: this.model, ...rest, unheard: this.unheard, keywords, together, curve };
  }

  describe(): string {
    const { recordings, audioSeconds, keywords, together, curve } = this.evaluation;
    const rows = keywords.map((one) => [one.keyword, String(one.threshold), ...figureCells(one)]);
    return [
      `${counted(recordings, 'recording')}, ${audioSeconds.toFixed(1)} s, listened to by ${this.model}`,
      '',
      table(
        ['keyword', 'threshold', 'said', 'not told', 'told falsely', 'an hour', 'told again', 'delay'],
        keywords.length > 1 ? [...rows, ['all', '', ...figureCells(together)]] : rows,
      ),
      'in brackets: 19 times in 20, with other recordings like these; an hour: of audio in which it is not said',
      '',
      table(['threshold', 'not told', 'told falsely an hour'], curve.map(curveCells)),
      ...unsaid(keywords).map((keyword) => `nobody says ${keyword} in these recordings`),
      ...this.#describeCounters(),
      ...this.unheard.map(({ name, reason }) => `not evaluated: ${name}: ${reason}`),
    ].join('\n');
  }

  /** What was dropped or odd, see docs/counters.md. */
  #describeCounters(): string[] {
    const counts = Object.entries(this.evaluation.counters).map(([reason, n]) => `${reason} ${n}`);
    return counts.length === 0 ? [] : ['', `counted: ${counts.join(', ')}`];
  }
}

function figureCells(figures: KeywordFigures): string[] {
  const { said, falseAccepts, falseAcceptsPerHour, repeats, ci95, delayS } = figures;
  return [
    String(said),
    rejects(figures),
    String(falseAccepts),
    figure(falseAcceptsPerHour, ci95.falseAcceptsPerHour, rate),
    String(repeats),
    delayS === null ? '-' : `${Math.round(1000 * delayS.median)} ms`,
  ];
}

function curveCells({ threshold, together }: CurvePoint): string[] {
  return [String(threshold), rejects(together), figure(together.falseAcceptsPerHour, undefined, rate)];
}

function rejects({ falseRejectRate, ci95 }: KeywordFigures): string {
  return figure(falseRejectRate, ci95.falseRejectRate, (share) => (100 * share).toFixed(1), ' %');
}

function figure(value: number, interval: Interval | undefined, text: (value: number) => string, unit = ''): string {
  if (Number.isNaN(value)) return '-';
  const within = interval === undefined ? '' : ` (${text(interval.low)} to ${text(interval.high)})`;
  return `${text(value)}${unit}${within}`;
}

function rate(value: number): string {
  return value < 100 ? value.toFixed(1) : String(Math.round(value));
}

function unsaid(keywords: readonly KeywordResult[]): string[] {
  return [...new Set(keywords.filter(({ said }) => said === 0).map(({ keyword }) => keyword))];
}
