/** Recordings through the code of `transcribe` and `run`, many of them side by side, and what was heard in each. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Config } from '../config/config.js';
import type { Micros } from '../core/contracts.js';
import { BugError, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { Pipeline } from '../pipeline.js';
import { audioFilesKind } from '../source/audio-files.js';
import { audioFilesSchema, recordingsOf } from '../source/audio-files-options.js';
import { checkAudioFile } from '../source/audio-input.js';
import { type Audible, Heard } from './heard.js';

/** Streams of a core that share the runs of its net; the log of `run` calls that `together`. */
const STREAMS_A_CORE = 4;
const MOST_STREAMS = 256;

/** Recordings that are played side by side: one, where it is measured how long somebody waits. */
export function mostStreams(realTime: boolean): number {
  return realTime ? 1 : Math.min(MOST_STREAMS, STREAMS_A_CORE * availableParallelism());
}

export interface HearingParts {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Play recordings as long as they last, one after the other, instead of as fast as they are heard. */
  readonly realTime: boolean;
  /** Called whenever a recording was played to its end. */
  readonly onPlayed?: () => void;
}

/** A recording that was not evaluated, or is odd. */
export interface Remark {
  readonly name: string;
  readonly reason: string;
}

export interface Hearing {
  /** By path, as given. */
  readonly heard: ReadonlyMap<string, Heard>;
  /** From the first sound to the end of it all, all of them side by side. */
  readonly tookMs: number;
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Recordings that cannot be read keep nobody from the others.
 * @param recordings at least one
 * @returns those that are audio that can be read, and the reason for each other one, all in their order
 * @throws UserError of the first one when none can be read
 */
export async function readableOf<R extends Audible & { readonly name: string }>(
  recordings: readonly R[],
): Promise<{ readonly readable: readonly R[]; readonly unheard: readonly Remark[] }> {
  const errors = new Map<string, UserError | undefined>();
  const readable: R[] = [];
  const unheard: Remark[] = [];
  for (const recording of recordings) {
    const { name, file } = recording;
    if (!errors.has(file)) errors.set(file, await faultOf(file));
    const error = errors.get(file);
    if (error === undefined) readable.push(recording);
    else unheard.push({ name, reason: error.message });
  }
  if (readable.length === 0) throw [...errors.values()][0] ?? new BugError('nothing is to be heard');
  return { readable, unheard };
}

/** @returns why it is no audio that can be read */
async function faultOf(file: string): Promise<UserError | undefined> {
  try {
    await checkAudioFile(file, audioFilesSchema.parse({ kind: 'audio-files', files: [file] }));
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/**
 * @param recordings at least one; of several of the same file, the first
 * @param config of a recogniser with partial results; its source does not count
 * @param aheadUs as of `Heard`
 * @returns undefined: it was stopped before all was heard
 * @throws UserError as `Pipeline.run`
 */
export async function hear(
  recordings: readonly Audible[],
  config: Config,
  aheadUs: Micros,
  { log, signal, realTime, onPlayed }: HearingParts,
): Promise<Hearing | undefined> {
  const heard = new Map<string, Heard>();
  for (const { file, words } of recordings) if (!heard.has(file)) heard.set(file, new Heard(words, aheadUs));
  // Those that last as long come together, and nobody waits for the longest.
  const files = await bySize([...heard.keys()]);
  const parallel = config.limits.maxStreams;
  const options = audioFilesSchema.parse({
    kind: 'audio-files',
    files,
    parallel,
    speed: realTime ? 1 : 'full',
  });
  const source: Config['source'] = {
    kind: options.kind,
    options,
    past: true,
    create: (context) => audioFilesKind.create(options, context),
  };
  const pipeline = new Pipeline({ ...config, source }, { log });
  const byStream = new Map(
    recordingsOf(files, config.baseDir, undefined).map(({ file, route }) => [route.stream, heardOf(heard, file)]),
  );
  let startedMs: number | undefined;
  pipeline.readings.subscribe((frames) => {
    const nowMs = performance.now();
    startedMs ??= nowMs;
    for (const frame of frames) {
      heardOf(byStream, frame.stream).frame(frame, nowMs);
      if (frame.mark === 'end') onPlayed?.();
    }
  });
  pipeline.events.subscribe((events) => {
    const nowMs = performance.now();
    for (const event of events) heardOf(byStream, event.stream).event(event, nowMs);
  });
  const { counters } = await pipeline.run(signal);
  if (signal.aborted) return undefined;
  const endedMs = performance.now();
  return { heard, tookMs: endedMs - (startedMs ?? endedMs), counters };
}

function heardOf(all: ReadonlyMap<string, Heard>, name: string): Heard {
  const one = all.get(name);
  if (one === undefined) throw new BugError(`nobody asked to hear ${name}`);
  return one;
}

/** Largest first. */
async function bySize(files: readonly string[]): Promise<string[]> {
  const sized: { readonly file: string; readonly bytes: number }[] = [];
  for (const file of files) sized.push({ file, bytes: (await stat(file)).size });
  return sized.toSorted((a, b) => b.bytes - a.bytes).map(({ file }) => file);
}
