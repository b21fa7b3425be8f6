/**
 * Whether the data of a training pause so often that `decide.silentAfterSteps` would cry wolf, and which would not. Only who
 * trains can be told: at run time nobody knows whether a device that is away comes back.
 */
import type { Config } from '../config/config.js';
import { counted } from '../core/counted.js';
import { MICROS } from '../core/time.js';
import type { StreamPauses } from '../pauses.js';
import { streamIdleUsOf } from '../stream-idle.js';

/** So many pauses of a stream are a habit; one or two may have been faults. */
const FEWEST_PAUSES = 3;
/** As `decide.silentAfterSteps` allows. */
const MOST_STEPS = 1_000_000;
/** What a proposed number begins with: a device that was away for 71 steps will once be away for 74. */
const ROUND = [1, 1.5, 2, 3, 4, 5, 7.5, 10];
const STREAMS_NAMED = 3;

export interface PauseAdvice {
  /** As configured. */
  readonly silentAfterSteps: number;
  /** Streams that would be reported as silent more than once a week and three times, of `ofStreams`. */
  readonly streams: readonly string[];
  readonly ofStreams: number;
  /** How often those would have been reported. */
  readonly silences: number;
  /** With this `silentAfterSteps`, `left` of the silences would have been reported: of each stream one a week, or one. */
  readonly proposed: number;
  readonly left: number;
}

/** As the configuration has it; a stream that is forgotten before it is called silent is not. */
export function adviseOn(all: readonly StreamPauses[], config: Config): PauseAdvice | undefined {
  const { decide, align } = config;
  if (decide.task !== 'forecast') return undefined;
  const silentUs = decide.silentAfterSteps * align.stepMs * MICROS.millisecond;
  return silentUs >= streamIdleUsOf(config) ? undefined : advisePauses(all, decide.silentAfterSteps);
}

/** @returns undefined when there is nothing to be said */
export function advisePauses(all: readonly StreamPauses[], silentAfterSteps: number): PauseAdvice | undefined {
  const restless = all.filter((one) => {
    const silences = silencesOf(one, silentAfterSteps);
    return silences >= FEWEST_PAUSES && silences > one.heardUs / MICROS.week;
  });
  const longest = restless.reduce((most, one) => Math.max(most, longestUnwanted(one)), 0);
  const proposed = Math.min(MOST_STEPS, roundUp(longest + 1));
  if (restless.length === 0 || proposed <= silentAfterSteps) return undefined;
  const sum = (steps: number): number => restless.reduce((total, one) => total + silencesOf(one, steps), 0);
  return {
    silentAfterSteps,
    streams: restless.map(({ stream }) => stream),
    ofStreams: all.length,
    silences: sum(silentAfterSteps),
    proposed,
    left: sum(proposed),
  };
}

/** A line, such as `the training data pause for 10 time steps or longer 34 times: …`. */
export function describePauses({ silentAfterSteps, streams, ofStreams, ...advice }: PauseAdvice): string {
  const named = `${streams.slice(0, STREAMS_NAMED).join(', ')}${streams.length > STREAMS_NAMED ? ', …' : ''}`;
  const who =
    ofStreams === 1
      ? 'the training data pause'
      : `${streams.length} of ${counted(ofStreams, 'stream')} (${named}) paused`;
  return (
    `${who} for ${silentAfterSteps} time steps or longer ${counted(advice.silences, 'time')}: each would be reported as silence; ` +
    `decide.silentAfterSteps: ${advice.proposed} would have reported ${advice.left === 0 ? 'none' : advice.left}`
  );
}

function silencesOf({ times }: StreamPauses, silentAfterSteps: number): number {
  let silences = 0;
  for (const [steps, n] of times) if (steps >= silentAfterSteps) silences += n;
  return silences;
}

/** The longest pause that is not to be reported: of the longer ones there are not more than one, or one a week. */
function longestUnwanted({ times, heardUs }: StreamPauses): number {
  let wanted = Math.max(1, Math.floor(heardUs / MICROS.week));
  for (const [steps, n] of [...times].toSorted(([a], [b]) => b - a)) {
    wanted -= n;
    if (wanted < 0) return steps;
  }
  return 0;
}

function roundUp(steps: number): number {
  const power = 10 ** Math.floor(Math.log10(steps));
  const first = ROUND.find((one) => one * power >= steps) ?? 10;
  return Math.ceil(first * power);
}
