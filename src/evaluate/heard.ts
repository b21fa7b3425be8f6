/** One recording while it is heard: what is told of it and when, and whether its sound is as it should be. */
import type { Frame, Micros } from '../core/contracts.js';
import type { KeywordEvent, KiokuEvent, TranscriptEvent } from '../core/events.js';
import { Waits } from './latency.js';
import { SoundCheck } from './sound-check.js';
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
  readonly sound = new SoundCheck();
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
    return this.sound.seconds;
  }

  get text(): string {
    return this.#finals.join(' ');
  }

  frame(frame: Frame, nowMs: number): void {
    this.#startedMs ??= nowMs;
    this.sound.hear(frame);
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
