/** A published recogniser with kioku's stages, for recordings that are all there: many streams in one batch. */
import { Counters } from '../../src/core/counters.js';
import type { Net } from '../../src/core/contracts.js';
import type { KiokuEvent, TranscriptEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import type { RecogniserModel } from '../../src/core/recogniser.js';
import type { HotwordDecider } from '../../src/core/hotwords.js';
import { transcribeKind } from '../../src/decide/transcribe.js';
import { ChunkedFrames } from '../../src/feature/chunks.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import { Stepper } from '../../src/stepper.js';
import { userEngine } from './user-engine.js';

/** What a stream remembers, stage by stage. */
export type Memory = readonly Uint8Array[];

export class Recogniser {
  readonly events: KiokuEvent[] = [];

  private constructor(
    readonly stepper: Stepper<HotwordDecider>,
    readonly feature: ChunkedFrames,
    private readonly nets: readonly Net[],
    private readonly rateHz: number,
  ) {}

  /** @param options of `decide: transcribe` */
  static async open(
    model: RecogniserModel,
    capacity: number,
    options: Record<string, unknown> = {},
  ): Promise<Recogniser> {
    const net = await userEngine.open(model.encoder, capacity);
    const nets = [net];
    const common = {
      name: 'test',
      baseDir: '/',
      counters: new Counters(),
      log: silentLog,
      capacity,
      originUs: () => 0,
      provider: net.provider,
      resetEncoder: net.reset.bind(net),
    };
    const parsed = transcribeKind.schema.parse({ kind: 'transcribe', ...options });
    let decider: HotwordDecider;
    if (model.kind === 'ctc') decider = transcribeKind.create(parsed, { ...common, model });
    else {
      const rows = capacity * transcribeKind.needs(parsed).rows;
      const decoder = await userEngine.open(model.decoder, rows);
      const joiner = await userEngine.open(model.joiner, rows);
      nets.push(decoder, joiner);
      decider = transcribeKind.create(parsed, { ...common, model, decoder, joiner });
    }
    const feature = new ChunkedFrames(model, recogniserFrames(model.features), capacity);
    return new Recogniser(new Stepper(feature, net, decider), feature, nets, model.features.sampleRateHz);
  }

  /** The stream's audio goes on with these samples. @param at of the first, counted from the stream's beginning */
  push(slot: number, stream: string, samples: Float32Array, at: number): void {
    const us = (at * 1e6) / this.rateHz;
    const signal = { kind: 'audio', rateHz: this.rateHz, channels: 1 } as const;
    const data = Float64Array.from(samples);
    this.feature.push(slot, { stream, source: 0, seq: 1, us, arrivedUs: us, signal, data });
  }

  turn(): void {
    this.stepper.turn(this.#emit);
  }

  /** Ends all of these slots, each after as many samples. */
  end(samples: readonly number[]): void {
    samples.forEach((_, slot) => this.feature.flush(slot));
    this.turn();
    samples.forEach((n, slot) => this.stepper.decider.end(slot, (n * 1e6) / this.rateHz, this.#emit));
  }

  save(slot: number): Memory {
    return [this.feature, this.stepper.net, this.stepper.decider].map((stage) => stage.save(slot));
  }

  load(slot: number, memory: Memory): void {
    [this.feature, this.stepper.net, this.stepper.decider].forEach((stage, i) => stage.load(slot, memory[i]));
  }

  finals(stream: string): readonly TranscriptEvent[] {
    return this.events.flatMap((event) => (event.type === 'final' && event.stream === stream ? [event] : []));
  }

  close(): void {
    for (const net of this.nets) net.close();
  }

  readonly #emit = (event: KiokuEvent): void => void this.events.push(event);
}
