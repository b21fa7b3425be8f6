/** Entry of a lane's thread: opens the lane of a configuration and does what is posted, one message after the other. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { defineConfig } from './config/load.js';
import type { Frame, Lane, LaneOut, Micros } from './core/contracts.js';
import { Counters } from './core/counters.js';
import { BugError } from './core/errors.js';
import type { Log } from './core/log.js';
import { postedError, type PostedError } from './core/thread.js';
import { openLane } from './open-lane.js';
import { contextOf } from './stage-context.js';
import { openEngine } from './step/open-engine.js';

type LogFields = Parameters<Log['info']>[0];

/** What the thread is started with: a configuration as it was written, and the file that it came from. */
export interface LaneThreadInput {
  readonly value: object;
  readonly file: string;
  /** [1], shared: 1 = what is still in the queue shall not be done any more. */
  readonly stop: Int32Array;
}

export type ToLane =
  | { readonly type: 'frames'; readonly frames: readonly Frame[] }
  | { readonly type: 'tick'; readonly nowUs: Micros }
  | { readonly type: 'forgive'; readonly nowUs: Micros }
  | { readonly type: 'end' }
  /** The thread ends by itself; ended from outside amid a run, ONNX Runtime takes the whole process down. */
  | { readonly type: 'close' };

export type FromLane =
  | { readonly type: 'ready'; readonly sampleRateHz: number | undefined }
  /** The answer to `frames`, `tick` and `end`, one each. */
  | {
      readonly type: 'out';
      readonly out: LaneOut;
      readonly streams: number;
      readonly counts: Readonly<Record<string, number>>;
    }
  | { readonly type: 'log'; readonly level: keyof Log; readonly fields: LogFields; readonly message: string }
  | { readonly type: 'failed'; readonly error: PostedError };

function outOf(lane: Lane, message: Exclude<ToLane, { type: 'forgive' | 'close' }>): LaneOut {
  if (message.type === 'tick') return lane.tick(message.nowUs);
  if (message.type === 'end') return lane.end();
  lane.push(message.frames);
  return lane.turn();
}

async function serve({ value, file, stop }: LaneThreadInput, port: NonNullable<typeof parentPort>): Promise<void> {
  const post = (message: FromLane): void => port.postMessage(message);
  const counters = new Counters();
  const write =
    (level: keyof Log): Log['info'] =>
    (fields, message) =>
      post({ type: 'log', level, fields, message });
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  try {
    const config = await defineConfig(value, file);
    const engine = await openEngine(config.runtime, log);
    const lane = await openLane(config, engine, contextOf(config, { log, counters }));
    port.on('message', (message: ToLane) => {
      if (message.type === 'close') {
        lane.close();
        return port.close();
      }
      if (Atomics.load(stop, 0) === 1) return undefined;
      try {
        if (message.type === 'forgive') return lane.forgive(message.nowUs);
        const out = outOf(lane, message);
        post({ type: 'out', out, streams: lane.streams.length, counts: counters.drain() });
      } catch (error) {
        post({ type: 'failed', error: postedError(error) });
      }
    });
    post({ type: 'ready', sampleRateHz: lane.sampleRateHz });
  } catch (error) {
    post({ type: 'failed', error: postedError(error) });
    port.close();
  }
}

const port = parentPort;
if (isMainThread || port === null) throw new BugError('lane-thread.ts is the entry of a worker thread');
await serve(workerData as LaneThreadInput, port);
