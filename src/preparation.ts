/** What lies between decoded audio and a lane: one channel at the rate that is listened to, or channels made of sound. */
import { concatMap, finalize, from, identity, map, of, type Observable, type OperatorFunction } from 'rxjs';
import { AudioConform } from './align/conform.js';
import type { Config } from './config/config.js';
import type { Frame } from './core/contracts.js';
import type { Extractor } from './core/extractor.js';
import type { StageContext } from './core/kind.js';

type Prepare = OperatorFunction<readonly Frame[], readonly Frame[]>;

export class Preparation {
  readonly #conform: AudioConform | undefined;
  readonly #extractor: Extractor | undefined;
  #busy: Promise<void> | undefined;

  /** @param sampleRateHz that the lane asks for; absent: it takes channels */
  constructor(config: Config, context: StageContext, sampleRateHz?: number) {
    if (!config.decode.audio) return;
    const { maxStreams } = config.limits;
    this.#extractor = config.extract?.create({ ...context, maxStreams });
    const rateHz = this.#extractor?.sampleRateHz ?? sampleRateHz;
    const { counters, log } = context;
    this.#conform = new AudioConform({ log, counters, maxStreams, sampleRateHz: rateHz });
  }

  /** Batches of frames → batches of frames, in order; readings of sensors pass as they are. */
  operator(): Prepare {
    const conform = this.#conform;
    if (conform === undefined) return identity;
    return (frames) =>
      frames.pipe(
        concatMap((batch) => this.#fit(conform, batch)),
        map((batch) => this.#extract(batch)),
        finalize(() => conform.close()),
      );
  }

  /** @returns undefined, or a promise while a resampler is being made: what came is waiting for it */
  hold(): Promise<void> | undefined {
    return this.#busy;
  }

  #fit(conform: AudioConform, batch: readonly Frame[]): Observable<readonly Frame[]> {
    const fit = conform.push(batch);
    if (!(fit instanceof Promise)) return of(fit);
    // Whether it succeeds is the business of whoever waits for the frames. They are told after this, because the next ones
    // may need a resampler as well.
    const over = (): void => (this.#busy = undefined);
    this.#busy = fit.then(over, over);
    return from(fit);
  }

  #extract(batch: readonly Frame[]): readonly Frame[] {
    const extractor = this.#extractor;
    if (extractor === undefined) return batch;
    const channels: Frame[] = [];
    const emit = (frame: Frame): void => void channels.push(frame);
    for (const frame of batch) extractor.push(frame, emit);
    return channels;
  }
}
