/** What a user may say about the anomaly decider, and what the time step says where the user is silent. */
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { IncidentRules } from './incidents.js';

/** The default: what is seldom enough to look at, and what is ordinary again. */
export const OPEN_SCORE = 0.4;
const CLOSE_SCORE = 0.25;

const score = z.number().min(0.05).max(1);
const duration = z.int().min(0);
const ms = { unit: 'ms' } as const;

export const schema = z
  .strictObject({
    kind: z.literal('anomaly').meta({ title: 'Kind', description: 'Learns what is usual and reports what is rare.' }),
    alertsPerWeek: z.number().positive().max(10_000).optional().meta({
      title: 'Alerts a week',
      description:
        'Alerts of each stream that you are ready to look at in a week without faults, in place of openScore and closeScore: training finds them.',
      unit: 'alerts / week',
    }),
    openScore: score.optional().meta({
      title: 'Opening score',
      description: `Score at which an incident may begin. Each 0.1 is ten times rarer: 0.4 is a row in 10,000 of the past. Absent: ${OPEN_SCORE}, or as alertsPerWeek wants it.`,
    }),
    closeScore: score.optional().meta({
      title: 'Closing score',
      description: `Score below which a row counts as calm again; below openScore. Absent: ${CLOSE_SCORE}; with alertsPerWeek five eighths of the opening score.`,
    }),
    minDurationMs: duration.optional().meta({
      title: 'Least duration',
      description: 'What passes sooner raises nothing; absent: 3 time steps, at most 15 minutes.',
      ...ms,
    }),
    closeAfterMs: duration.optional().meta({
      title: 'Calm before the end',
      description: 'An incident ends when it has been calm for this long; absent: 10 time steps.',
      ...ms,
    }),
    coolDownMs: duration.optional().meta({
      title: 'Cool-down',
      description:
        'For this long after an incident only one a thousand times rarer begins another; absent: 100 time steps.',
      ...ms,
    }),
    adoptAfterMs: duration.optional().meta({
      title: 'Adopt after',
      description:
        'What lasts this long is learnt as the new normal; 0: never; absent: an hour, at least 600 time steps.',
      ...ms,
    }),
    updateMs: duration
      .min(1)
      .optional()
      .meta({
        title: 'Update interval',
        description: 'A lasting incident is reported again this often; absent: 10 minutes, at least 100 time steps.',
        ...ms,
      }),
    warmupSteps: z.int().min(50).max(1_000_000).default(300).meta({
      title: 'Warm-up',
      description: 'Rows that a stream the training never saw is watched before it can raise anything.',
      unit: 'steps',
    }),
    silentAfterSteps: z.int().min(2).max(1_000_000).default(10).meta({
      title: 'Silent after',
      description: 'Time steps without data after which a stream is reported as silent.',
      unit: 'steps',
    }),
    settleSteps: z.int().min(0).max(1000).default(8).meta({
      title: 'Settling',
      description: 'Rows after a gap during which forecasts are not trusted yet.',
      unit: 'steps',
    }),
    scores: z.boolean().default(false).meta({
      title: 'Scores',
      description: 'Also send the score of every time step.',
    }),
    forecasts: z.boolean().default(false).meta({
      title: 'Forecasts',
      description: 'Say with every score what was expected of each channel, and between which values; needs scores.',
    }),
  })
  .superRefine(({ scores, forecasts, alertsPerWeek, ...written }, ctx) => {
    if (forecasts && !scores) ctx.addIssue({ code: 'custom', path: ['forecasts'], message: 'needs `scores: true`' });
    if (alertsPerWeek === undefined) return;
    for (const name of ['openScore', 'closeScore'] as const) {
      if (written[name] === undefined) continue;
      ctx.addIssue({ code: 'custom', path: [name], message: 'is found by `alertsPerWeek`: leave one of them out' });
    }
  })
  .meta({ title: 'Anomaly', description: 'Incidents from how rare a row is for its own stream.' });

export type AnomalyOptions = z.output<typeof schema>;

const HOUR_MS = 3_600_000;
const QUARTER_HOUR_MS = 900_000;
const TEN_MINUTES_MS = 600_000;

/**
 * The options as rules in µs, their absent times derived from the length of a time step. With `alertsPerWeek` the scores are
 * those that hold until they have been found.
 * @throws UserError `CONFIG_INVALID` when closeScore is not below openScore
 */
export function rulesOf(options: AnomalyOptions, stepUs: number): IncidentRules {
  const { openScore = OPEN_SCORE, closeScore = CLOSE_SCORE, silentAfterSteps } = options;
  if (closeScore >= openScore) {
    throw new UserError('CONFIG_INVALID', `decide: closeScore ${closeScore} is not below openScore ${openScore}`, {
      hint: 'lower closeScore or raise openScore',
    });
  }
  const stepMs = stepUs / 1000;
  return {
    stepUs,
    openScore,
    closeScore,
    silentAfterSteps,
    // Of slow steps each is the mean of many values, and nobody wants to wait hours for a third one.
    minDurationUs: 1000 * (options.minDurationMs ?? Math.min(QUARTER_HOUR_MS, 3 * stepMs)),
    closeAfterUs: 1000 * (options.closeAfterMs ?? 10 * stepMs),
    coolDownUs: 1000 * (options.coolDownMs ?? 100 * stepMs),
    adoptAfterUs: 1000 * (options.adoptAfterMs ?? Math.max(HOUR_MS, 600 * stepMs)),
    updateUs: 1000 * (options.updateMs ?? Math.max(TEN_MINUTES_MS, 100 * stepMs)),
  };
}
