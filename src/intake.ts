/** Listens to a configuration's source for a while: what recording and learning have in common. */
import { fromEvent, lastValueFrom, merge, Subject, takeUntil, tap, timer } from 'rxjs';
import type { Config } from './config/config.js';
import type { Packet } from './core/contracts.js';
import type { StageContext } from './core/kind.js';
import { Gatherer, spillOptions, type Gathered } from './gather.js';
import { EmbeddedBroker } from './mqtt/broker.js';
import { Preparation } from './preparation.js';
import { decodeWith, fromSource } from './stream.js';

export interface IntakeOptions {
  readonly context: StageContext;
  /** Ends it early; what came until then counts. */
  readonly signal?: AbortSignal;
  /** Absent: until the source has no more. */
  readonly forMs?: number;
  /** A promise holds the source back until it resolves, so that no more comes than can be taken. */
  readonly onPackets?: (packets: readonly Packet[]) => void | Promise<void>;
}

/**
 * Starts the broker (if the configuration has one) and the source, hands over every batch, and stops both.
 * @throws UserError when the source cannot start; whatever `onPackets` throws or rejects with
 */
export async function takePackets(config: Config, options: IntakeOptions): Promise<void> {
  const { context, signal = new AbortController().signal, forMs, onPackets = () => {} } = options;
  const broker = new EmbeddedBroker(context.log);
  const source = config.source.create({ ...context, index: 0, passing: true });
  try {
    if (config.broker !== undefined) await broker.start(config.broker);
    if (signal.aborted) return;
    const aborted = fromEvent(signal, 'abort');
    const over = forMs === undefined ? aborted : merge(aborted, timer(forMs));
    let taking: Promise<void> | undefined;
    const take = (batch: readonly Packet[]): void => {
      taking = onPackets(batch) ?? undefined;
    };
    const packets = fromSource(source, { hold: () => taking }).pipe(tap(take), takeUntil(over));
    await lastValueFrom(packets, { defaultValue: undefined });
  } finally {
    await source.stop();
    await broker.stop();
  }
}

/**
 * Takes, decodes and aligns what the source has, or sends within `forMs`. What is more than `train.memoryMb` is in a
 * temporary file, which `close` of the result frees.
 * @throws UserError when the source cannot start, `DATA_TOO_SHORT` when nothing came that can be learnt from, or `DISK`
 */
export async function gatherReadings(config: Config, options: IntakeOptions): Promise<Gathered> {
  const { context } = options;
  const gatherer = new Gatherer(config.align, config.limits.maxStreams, context.counters, spillOptions(config));
  try {
    await gatherInto(gatherer, config, options);
    return gatherer.finish();
  } catch (error) {
    gatherer.close();
    throw error;
  }
}

async function gatherInto(gatherer: Gatherer, config: Config, options: IntakeOptions): Promise<void> {
  const { context, signal = new AbortController().signal } = options;
  const arriving = new Subject<readonly Packet[]>();
  const preparation = new Preparation(config, context);
  const frames = arriving.pipe(decodeWith(config.decode.create(context)), preparation.operator());
  const gathered = lastValueFrom(frames.pipe(tap((batch) => gatherer.push(batch))), { defaultValue: undefined });
  // What cannot be taken ends the listening; the error is told where `gathered` is awaited.
  const failed = new AbortController();
  gathered.catch(() => failed.abort());
  try {
    await takePackets(config, {
      ...options,
      signal: AbortSignal.any([signal, failed.signal]),
      onPackets: (packets) => {
        arriving.next(packets);
        return options.onPackets?.(packets) ?? preparation.hold();
      },
    });
  } finally {
    arriving.complete();
  }
  await gathered;
}
