/** Models learnt from the first rows of a file: what is learnt once serves every decider that is held against it. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { calibrate } from '../calibrate.js';
import type { Config } from '../config/config.js';
import type { Engine, Frame } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { StageContext } from '../core/kind.js';
import { Gatherer, type Gathered } from '../gather.js';
import { learn } from '../learn.js';
import { contextOf } from '../stage-context.js';
import { readCard } from '../step/card-file.js';
import { updateCard } from '../train/export.js';

export interface LearntModel {
  /** With a model that is learnt, its decider calibrated. */
  readonly config: Config;
  /** Names of channels with one value in all that was learnt: nothing tells what change of them is normal. */
  readonly constant: readonly string[];
}

export class LearntModels {
  /** The model that was learnt first, by what was asked for. */
  readonly #learnt = new Map<string, Omit<LearntModel, 'config'> & { readonly folder: string }>();
  #made = 0;

  /**
   * @param folder that models go to; whoever made it removes it
   * @param frames to learn from
   * @param what these are, for messages
   */
  constructor(
    private readonly folder: string,
    private readonly frames: readonly Frame[],
    private readonly what: string,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * @param what the same name: the same net, learnt once; only the decider is calibrated anew
   * @param engine that steps it
   */
  async of(what: string, config: Config, engine: Engine, context: StageContext): Promise<LearntModel> {
    const ready = { ...config, model: join(this.folder, String(this.#made++)) };
    const first = this.#learnt.get(what);
    if (first === undefined) {
      const parts = { engine, context, signal: this.signal };
      const { stopped, constant } = await learn(ready, this.#gathered(ready), parts).catch((error: unknown) => {
        throw this.#explained(error);
      });
      if (stopped === 'aborted') this.signal.throwIfAborted();
      this.#learnt.set(what, { folder: ready.model, constant });
      return { config: ready, constant };
    }
    await cp(first.folder, ready.model, { recursive: true });
    const calibration = await calibrate(ready, this.#gathered(ready).series, engine, context);
    await updateCard(ready.model, { ...(await readCard(ready.model)), calibration });
    return { config: ready, constant: first.constant };
  }

  /** What is too short is only the beginning of the file. */
  #explained(error: unknown): unknown {
    if (!(error instanceof UserError) || error.code !== 'DATA_TOO_SHORT') return error;
    return new UserError('DATA_TOO_SHORT', `${this.what}: ${error.message}`, {
      hint: 'learn from more rows (--learn-rows), or take a configuration whose model was trained before (--config)',
      cause: error,
    });
  }

  #gathered(config: Config): Gathered {
    // What is dropped here is dropped by the decoder or of no consequence; only the judged rows are told of.
    const gatherer = new Gatherer(config.align, config.limits.maxStreams, contextOf(config).counters);
    gatherer.push(this.frames);
    return gatherer.finish();
  }
}
