/** The baselines there are, and what each makes of the rows that a detector may learn from. */
import { MICROS } from '../core/time.js';
import type { Micros } from '../core/contracts.js';
import { type ForecastRule, type LearntChannel, PLAIN_RULES } from './baseline-rules.js';
import { holtWinters } from './holt-winters.js';

export const BASELINE_NAMES = ['persistence', 'ewma', 'windowed-gaussian', 'holt-winters'] as const;

export type BaselineName = (typeof BASELINE_NAMES)[number];

/** @returns one rule a channel, all with as many fields */
export function rulesFor(
  name: BaselineName,
  learnt: readonly LearntChannel[],
  stepUs: Micros,
): readonly ForecastRule[] {
  if (name !== 'holt-winters') return learnt.map(() => PLAIN_RULES[name]);
  return holtWinters(learnt, MICROS.day % stepUs === 0 ? MICROS.day / stepUs : undefined);
}
