/** The boundaries of the stages as RxJS: what `pipeline.ts` wires and the library exports. */
import { concatMap, from, map, Observable, type OperatorFunction } from 'rxjs';
import type { ResolvedAlignment } from './align/align.js';
import type { Decoder, Frame, Lane, LaneOut, Packet, Sink, Source } from './core/contracts.js';
import { Counters } from './core/counters.js';
import type { KiokuEvent } from './core/events.js';
import { copyOfFrame, StreamAligner } from './stream-aligner.js';

const CREDIT_WINDOW_PACKETS = 4096;

export interface CreditOptions {
  /** Packets in flight between the source and the end of the subscriber's work, ≥ 1. */
  readonly windowPackets?: number;
  /** Asked after each batch: a promise holds the credit for it back until it resolves. */
  readonly hold?: () => Promise<void> | undefined;
  /** Aborted: the source is stopped, what it had taken over is still handed on as far as credit goes, and it completes. */
  readonly signal?: AbortSignal;
}

/**
 * A source as a cold Observable: starts it on subscribe, stops it on unsubscribe, completes when it has no more. Credit
 * goes back when the subscriber has taken a batch, so process synchronously, or say with `hold` when to go on.
 *
 * @throws (as an error notification) UserError `BROKER_…`, `DATA_…` when the source cannot start
 */
export function fromSource(source: Source, options: CreditOptions = {}): Observable<readonly Packet[]> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const { signal, hold } = options;
    const fail = (error: unknown): void => subscriber.error(error);
    if (signal?.aborted === true) return subscriber.complete();
    const inner = source.packets.subscribe({
      next: (packets) => {
        subscriber.next(packets);
        source.ackThrough(packets[packets.length - 1].seq);
        const held = hold?.();
        if (held === undefined) source.credit(packets.length);
        else held.then(() => source.credit(packets.length), fail);
      },
      error: fail,
      complete: () => subscriber.complete(),
    });
    const stop = (): void => {
      abort.abort();
      source.stop().then(() => subscriber.complete(), fail);
    };
    signal?.addEventListener('abort', stop, { once: true });
    source.start(abort.signal).then(
      () => source.credit(options.windowPackets ?? CREDIT_WINDOW_PACKETS),
      (error: unknown) => {
        // Whoever is stopped while it starts has not failed.
        if (signal?.aborted !== true) fail(error);
      },
    );
    return () => {
      signal?.removeEventListener('abort', stop);
      inner.unsubscribe();
      stop();
    };
  });
}

/** Batches of packets → batches of frames (one emission a batch, empty ones too). Bad input is counted by the decoder. */
export function decodeWith(decoder: Decoder): OperatorFunction<readonly Packet[], readonly Frame[]> {
  return (packets) =>
    new Observable((subscriber) =>
      packets.subscribe({
        next: (batch) => {
          const frames: Frame[] = [];
          const emit = (frame: Frame): void => void frames.push(frame);
          for (const packet of batch) decoder.decode(packet, emit);
          subscriber.next(frames);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}

/**
 * Batches of readings → batches of time steps of all streams (one emission a batch, empty ones too); at completion the
 * open steps are emitted. A lane aligns by itself: this is for a program's own use of the steps.
 * @param maxStreams streams remembered at a time
 */
export function alignWith(
  alignment: ResolvedAlignment,
  maxStreams: number,
  counters = new Counters(),
): OperatorFunction<readonly Frame[], readonly Frame[]> {
  return (frames) =>
    new Observable((subscriber) => {
      let steps: Frame[] = [];
      const aligner = new StreamAligner(
        alignment,
        maxStreams,
        counters,
        (frame) => void steps.push(copyOfFrame(frame)),
      );
      const hand = (): void => {
        const complete = steps;
        steps = [];
        subscriber.next(complete);
      };
      return frames.subscribe({
        next: (batch) => {
          aligner.push(batch);
          hand();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          aligner.flush();
          hand();
          subscriber.complete();
        },
      });
    });
}

/**
 * Batches of frames → what the lane says about them, one emission a batch; at completion the lane is ended (open steps
 * and incidents are closed). Time passes with the data; a live pipeline also calls `lane.tick`.
 */
export function runLane(lane: Lane): OperatorFunction<readonly Frame[], LaneOut> {
  return (frames) =>
    new Observable((subscriber) =>
      frames.subscribe({
        next: (batch) => {
          lane.push(batch);
          subscriber.next(lane.turn());
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          subscriber.next(lane.end());
          subscriber.complete();
        },
      }),
    );
}

/**
 * Writes batches of events to a started sink, one after the other, and passes each on when it is safe on the other side.
 * What comes meanwhile waits: sinks bound that themselves by dropping, counted, what they cannot deliver.
 * @throws (as an error notification) UserError `DISK` and whatever else the sink reports
 */
export function writeTo(sink: Sink): OperatorFunction<readonly KiokuEvent[], readonly KiokuEvent[]> {
  return concatMap((events) => from(sink.write(events)).pipe(map(() => events)));
}
