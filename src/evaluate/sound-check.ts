/** Whether the sound of a stream can be understood at all, found while it is heard. */
import type { Frame } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { clippedShare, speechIn } from '../train/speech/level.js';

export class SoundCheck {
  /** Of all channels. */
  #samples = 0;
  /** Those that stand at an end of the range. */
  #clipped = 0;
  #silent = true;
  #samplesASecond = 1;

  /** @param frame of audio */
  hear({ data, signal }: Frame): void {
    if (signal.kind !== 'audio') throw new BugError('a recording gives readings of sensors');
    const { rateHz, channels } = signal;
    this.#samplesASecond = rateHz * channels;
    this.#samples += data.length;
    this.#clipped += clippedShare(data, channels) * data.length;
    this.#silent &&= speechIn(data, this.#samplesASecond).power === 0;
  }

  /** Of audio. */
  get seconds(): number {
    return this.#samples / this.#samplesASecond;
  }

  /** No 10 ms of it are above the last bit of 16. */
  get silent(): boolean {
    return this.#silent;
  }

  /** Share of the samples; 0 … 1. */
  get clippedShare(): number {
    return this.#samples > 0 ? this.#clipped / this.#samples : 0;
  }
}
