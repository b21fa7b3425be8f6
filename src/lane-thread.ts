/** Entry of a lane's thread: opens the lane of a configuration and does what is posted, in order. */
import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { defineConfig } from './config/load.js';
import type { Lane, Micros } from './core/contracts.js';
import { Counters } from './core/counters.js';
import { BugError } from './core/errors.js';
import type { KiokuEvent } from './core/events.js';
import { type Hotword, takesHotwords } from './core/hotwords.js';
import type { Log } from './core/log.js';
import { postedError, type PostedError } from './core/thread.js';
import { openLane } from './open-lane.js';
import { type PostedFrames, unpackFrames } from './posted-frames.js';
import { contextOf } from './stage-context.js';
import { openEngine } from './step/open-engine.js';
import type { SessionShare } from './step/session-share.js';

type LogFields = Parameters<Log['info']>[0];

/** What the thread is started with: a configuration as it was written, and the file that it came from. */
export interface LaneThreadInput {
  readonly value: object;
  readonly file: string;
  /** Streams of this thread, instead of what the configuration says of all. */
  readonly maxStreams: number;
  /** Open in another thread, which ends after this one: weights are in memory once. */
  readonly sessions: SessionShare['lent'];
  /** [1], shared: 1 = what is still in the queue shall not be done any more. */
  readonly stop: Int32Array;
}

/** `LaneWork` on its way. */
export type PostedWork =
  | { readonly type: 'frames'; readonly frames: PostedFrames }
  | { readonly type: 'tick'; readonly nowUs: Micros }
  | { readonly type: 'forgive'; readonly nowUs: Micros }
  | { readonly type: 'hotwords'; readonly hotwords: readonly Hotword[] }
  | { readonly type: 'end' };

export type ToLane =
  | { readonly type: 'work'; readonly work: readonly PostedWork[] }
  /** The thread ends by itself; ended from outside amid a run, ONNX Runtime takes the whole process down. */
  | { readonly type: 'close' };

/** What the work of some messages led to: all that had come, so that their streams share the runs of the net. */
export interface LaneAnswer {
  /** How many messages, the oldest that were not answered. */
  readonly messages: number;
  readonly events: readonly KiokuEvent[];
  /** Time steps taken through the net. */
  readonly steps: number;
  readonly counts: Readonly<Record<string, number>>;
  /** At the end: the streams that the lane holds. */
  readonly streams?: number;
}

/** What is known when the lane is open. */
export interface ThreadOpened {
  /** Of audio: the rate that frames must have. */
  readonly sampleRateHz: number | undefined;
  /** That this thread has open, to be lent to others. */
  readonly sessions: SessionShare['opened'];
}

export type FromLane =
  | ({ readonly type: 'ready' } & ThreadOpened)
  /** The answer to `work`. */
  | { readonly type: 'done'; readonly answer: LaneAnswer }
  | { readonly type: 'log'; readonly level: keyof Log; readonly fields: LogFields; readonly message: string }
  | { readonly type: 'failed'; readonly error: PostedError };

/** Everything that has come behind `first`. */
function allFrom(first: ToLane, port: MessagePort): ToLane[] {
  const messages = [first];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    messages.push(next.message as ToLane);
  }
  return messages;
}

function answer(lane: Lane, messages: readonly ToLane[], counters: Counters): LaneAnswer {
  const events: KiokuEvent[] = [];
  let steps = 0;
  let ended = false;
  for (const one of messages.flatMap((message) => (message.type === 'work' ? message.work : []))) {
    if (one.type === 'frames') {
      lane.push(unpackFrames(one.frames));
    } else if (one.type === 'forgive') {
      lane.forgive(one.nowUs);
    } else if (one.type === 'hotwords') {
      if (takesHotwords(lane)) lane.setHotwords(one.hotwords);
    } else {
      const out = one.type === 'tick' ? lane.tick(one.nowUs) : lane.end();
      for (const event of out.events) events.push(event);
      steps += out.steps;
      ended ||= one.type === 'end';
    }
  }
  const last = lane.turn();
  for (const event of last.events) events.push(event);
  const said = { messages: messages.length, events, steps: steps + last.steps, counts: counters.drain() };
  return ended ? { ...said, streams: lane.streams.length } : said;
}

async function serve(input: LaneThreadInput, port: MessagePort): Promise<void> {
  const { value, file, maxStreams, sessions: lent, stop } = input;
  const post = (message: FromLane): void => port.postMessage(message);
  const counters = new Counters();
  const write =
    (level: keyof Log): Log['info'] =>
    (fields, message) =>
      post({ type: 'log', level, fields, message });
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  try {
    const written = await defineConfig(value, file);
    // Its share. Who is forgotten and who makes room, the lane and the dispatcher decide by the same rules.
    const config = { ...written, limits: { ...written.limits, maxStreams } };
    const share: SessionShare = { lent, opened: new Map() };
    const engine = await openEngine(config.runtime, log, share);
    const lane = await openLane(config, engine, contextOf(config, { log, counters }));
    port.on('message', (first: ToLane) => {
      const messages = allFrom(first, port);
      if (messages.some(({ type }) => type === 'close')) {
        lane.close();
        return port.close();
      }
      if (Atomics.load(stop, 0) === 1) return undefined;
      try {
        return post({ type: 'done', answer: answer(lane, messages, counters) });
      } catch (error) {
        return post({ type: 'failed', error: postedError(error) });
      }
    });
    post({ type: 'ready', sampleRateHz: lane.sampleRateHz, sessions: share.opened });
  } catch (error) {
    post({ type: 'failed', error: postedError(error) });
    port.close();
  }
}

const port = parentPort;
if (isMainThread || port === null) throw new BugError('lane-thread.ts is the entry of a worker thread');
await serve(workerData as LaneThreadInput, port);
