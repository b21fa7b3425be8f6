/** Listens with a recogniser to one source, and notes what is heard, how late, and what it takes. */
import type { Config } from '../../config/config.js';
import type { Frame } from '../../core/contracts.js';
import type { KiokuEvent } from '../../core/events.js';
import type { Log } from '../../core/log.js';
import { Pipeline } from '../../pipeline.js';
import { HeardWords, type HeardWord } from './heard-words.js';

export interface Listener {
  /** What is heard, as it enters the pipeline. */
  readonly onFrames: (frames: readonly Frame[]) => void;
  /** A word, as soon as it is told. @returns how long after it was spoken that is, ms; undefined: that is not known */
  readonly onWord: (word: HeardWord) => number | undefined;
  /** A string of words is over. */
  readonly onFinal: () => void;
}

export interface Listened {
  /** Words in their order. */
  readonly heard: readonly string[];
  /** Of those words of which it is known. */
  readonly delaysMs: readonly number[];
  readonly audioSeconds: number;
  /** Of the whole process, from the first sound to the end. */
  readonly processorSeconds: number;
}

/** Until the source ends or `signal` is aborted. @throws UserError as `Pipeline.run` */
export async function listenTo(
  config: Config,
  listener: Listener,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<Listened> {
  const pipeline = new Pipeline(config, { log });
  const heard: string[] = [];
  const delaysMs: number[] = [];
  let audioSeconds = 0;
  let before: NodeJS.CpuUsage | undefined;
  pipeline.readings.subscribe((frames) => {
    before ??= process.cpuUsage();
    for (const frame of frames) audioSeconds += secondsOf(frame);
    listener.onFrames(frames);
  });
  const words = new HeardWords((word) => {
    heard.push(word.text);
    const delayMs = listener.onWord(word);
    if (delayMs !== undefined) delaysMs.push(delayMs);
  });
  pipeline.events.subscribe((events: readonly KiokuEvent[]) => {
    words.events(events);
    if (events.some((event) => event.type === 'final' && event.text !== '')) listener.onFinal();
  });
  await pipeline.run(signal);
  const { user, system } = process.cpuUsage(before);
  return { heard, delaysMs, audioSeconds, processorSeconds: before === undefined ? 0 : (user + system) / 1e6 };
}

/** Length of audio. */
export function secondsOf({ signal, data }: Frame): number {
  return signal.kind === 'audio' ? data.length / signal.channels / signal.rateHz : 0;
}
