/** By which rules scores become incidents: the same for all streams, or with an opening score that was found for each. */
import type { Slot } from '../core/contracts.js';
import type { DeciderContext } from '../core/kind.js';
import { type AnomalyOptions, rulesOf } from './anomaly-options.js';
import { readOpenScores } from './calibration.js';
import type { IncidentRules } from './incidents.js';
import { closeScoreOf } from './thresholds.js';

export class StreamRules {
  /** Of streams without rules of their own. */
  readonly common: IncidentRules;
  readonly #streams: ReadonlyMap<string, IncidentRules>;
  /** Open slots whose stream has rules of its own; no memory for all others. */
  readonly #slots = new Map<Slot, IncidentRules>();

  /** @throws UserError `CONFIG_INVALID`, or `CARD_MISMATCH` when the card cannot say how often there will be alerts */
  constructor(options: AnomalyOptions, { card, log, learnOnly }: Pick<DeciderContext, 'card' | 'log' | 'learnOnly'>) {
    const rules = rulesOf(options, card.stepUs);
    const { alertsPerWeek } = options;
    if (alertsPerWeek === undefined || learnOnly) {
      this.common = rules;
      this.#streams = new Map();
      return;
    }
    const scores = readOpenScores(alertsPerWeek, rules, card, log);
    this.common = withOpenScore(rules, scores.others);
    this.#streams = new Map(Array.from(scores.streams, ([stream, score]) => [stream, withOpenScore(rules, score)]));
  }

  /** Of a stream, open or not. */
  ofStream(stream: string): IncidentRules {
    return this.#streams.get(stream) ?? this.common;
  }

  open(slot: Slot, stream: string): void {
    const own = this.#streams.get(stream);
    if (own === undefined) this.#slots.delete(slot);
    else this.#slots.set(slot, own);
  }

  leave(slot: Slot): void {
    this.#slots.delete(slot);
  }

  of(slot: Slot): IncidentRules {
    return this.#slots.size === 0 ? this.common : (this.#slots.get(slot) ?? this.common);
  }
}

function withOpenScore(rules: IncidentRules, openScore: number): IncidentRules {
  return { ...rules, openScore, closeScore: closeScoreOf(openScore) };
}
