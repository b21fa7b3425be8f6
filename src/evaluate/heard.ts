/** One recording while it is heard: what is told of it and when, and whether its sound is as it should be. */
import type { Frame, Micros } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import type { KeywordEvent, KiokuEvent, TranscriptEvent } from '../core/events.js';
import { clippedShare, speechIn } from '../train/speech/level.js';
import { Waits } from './latency.js';
import { type Word, WordDelays } from './word-delays.js';

/** What is to be heard. */
export interface Audible {
  /** Absolute path of audio that can be read. */
  readonly file: string;
  /** Absent: it is not known when words end. */
  readonly words?: readonly Word[];
}

export class Heard {
  readonly waits = new Waits();
  /** Absent: it is not known when words end. */
  readonly delays: WordDelays | undefined;
  /** That were told, in order. */
  readonly keywords: KeywordEvent[] = [];
  /** Of all channels. */
  #samples = 0;
  /** Those that stand at an end of the range. */
  #clipped = 0;
  #silent = true;
  #samplesASecond = 1;
  #startedMs: number | undefined;
  readonly #finals: string[] = [];

  /** @param aheadUs audio that must be heard behind the end of a step before the recogniser takes it */
  constructor(
    words: readonly Word[] | undefined,
    private readonly aheadUs: Micros,
  ) {
    this.delays = words && new WordDelays(words);
  }

  /** Of audio. */
  get seconds(): number {
    return this.#samples / this.#samplesASecond;
  }

  get text(): string {
    return this.#finals.join(' ');
  }

  /** No sound in it is above the last bit of 16. */
  get silent(): boolean {
    return this.#silent;
  }

  /** Share of the samples; 0 … 1. */
  get clippedShare(): number {
    return this.#samples > 0 ? this.#clipped / this.#samples : 0;
  }

  frame({ data, signal }: Frame, nowMs: number): void {
    if (signal.kind !== 'audio') throw new BugError('a recording gives readings of sensors');
    const { rateHz, channels } = signal;
    this.#startedMs ??= nowMs;
    this.#samplesASecond = rateHz * channels;
    this.#samples += data.length;
    this.#clipped += clippedShare(data, channels) * data.length;
    this.#silent &&= speechIn(data, this.#samplesASecond).power === 0;
  }

  event(event: KiokuEvent, nowMs: number): void {
    if (event.type === 'keyword') this.keywords.push(event);
    if (event.type !== 'partial' && event.type !== 'final') return;
    if (event.type === 'final') this.#finals.push(event.text);
    const told = { audioUs: this.#heardUs(event), playedMs: nowMs - (this.#startedMs ?? nowMs) };
    this.waits.heard(event, told);
    this.delays?.heard(event, told);
  }

  /**
   * How much had to be heard until this was told. The silence that the recogniser is given behind the end counts as heard, as
   * it would be at a microphone; but what the end makes final waits for nothing.
   */
  #heardUs({ type, us, originUs }: TranscriptEvent): Micros {
    const stepUs = us - originUs;
    const heardUs = stepUs + this.aheadUs;
    return type === 'final' ? Math.max(stepUs, Math.min(heardUs, this.seconds * 1e6)) : heardUs;
  }
}
