/** Training as a command does it: in the background, with a bar, until it is over or the user has had enough. */
import type { Config } from '../config/config.js';
import type { StageContext } from '../core/kind.js';
import type { Gathered } from '../gather.js';
import { learn, type Learnt } from '../learn.js';
import { openEngine } from '../step/open-engine.js';
import type { Io } from './output.js';
import { TrainingBar } from './training-bar.js';

export interface LearnOptions {
  readonly context: StageContext;
  readonly io: Io;
  /** Both as of {@link learn}. */
  readonly resume?: boolean;
  readonly diagnose?: boolean;
}

/** Ctrl-C keeps the best weights so far. @throws UserError as {@link learn} */
export async function learnWithBar(config: Config, gathered: Gathered, options: LearnOptions): Promise<Learnt> {
  const { context, io, resume = false, diagnose = false } = options;
  const bar = new TrainingBar(io);
  try {
    return await learn(config, gathered, {
      engine: await openEngine(config.runtime, context.log),
      context,
      signal: io.signal,
      resume,
      diagnose,
      onProgress: bar.update,
    });
  } finally {
    bar.stop();
  }
}
