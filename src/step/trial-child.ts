/** Entry of the process in which an unknown model is opened and stepped before this is done where it would hurt. */
import { once } from 'node:events';
import { BugError } from '../core/errors.js';
import type { RuntimeOptions } from '../core/runtime.js';
import type { StepModel } from '../core/step-model.js';
import { postedError, type PostedError } from '../core/thread.js';
import { fillInputs } from './agreement.js';
import { loadEngine, type LoadedEngine } from './load-engine.js';

/** What is sent to the process, once. */
export interface TrialOrder {
  readonly engine: LoadedEngine;
  readonly runtime: RuntimeOptions;
  readonly model: StepModel;
}

/** Its answer: `error` when there is something wrong that the engine itself noticed. */
export interface TrialAnswer {
  readonly error?: PostedError;
}

/** One row, then two, because they take different ways through net and engine. */
const ROWS = [1, 2] as const;

async function attempt({ engine, runtime, model }: TrialOrder): Promise<TrialAnswer> {
  try {
    const net = await (await loadEngine(engine, runtime)).open(model, Math.max(...ROWS));
    for (const slot of ROWS.keys()) net.open(slot, `trial ${slot}`);
    for (const rows of ROWS) {
      fillInputs(net, rows, rows);
      net.step(Int32Array.of(0, 1), rows);
    }
    net.close();
    return {};
  } catch (error) {
    return { error: postedError(error) };
  }
}

if (process.send === undefined) throw new BugError('trial-child.ts is the entry of a child process');
const [order] = (await once(process, 'message')) as [TrialOrder];
process.send(await attempt(order));
// Freed of the channel it ends by itself, so that a crash while the library is unloaded is seen as well.
process.disconnect();
