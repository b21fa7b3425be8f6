/** How loud a microphone is, and whether it gives any sound at all. */
import type { Frame } from '../../core/contracts.js';
import { secondsOf } from './listening.js';

/** Two steps of 16 bits: a quiet room is louder, a muted microphone is not. */
const SILENCE = 2 / 32_768;
const SILENT_AFTER_MS = 4000;
/** The quietest that is shown, dB below full scale. */
const QUIETEST_DB = -60;

export class SoundLevel {
  #silentMs = 0;
  #peak = 0;
  #isSilent = false;

  /** @param change called when there has been no sound for seconds (true), and when there is again (false) */
  constructor(private readonly change: (isSilent: boolean) => void) {}

  /** Of the latest audio, 0 (60 dB below full scale) … 1. */
  get level(): number {
    return Math.min(1, Math.max(0, 1 - (20 * Math.log10(this.#peak)) / QUIETEST_DB));
  }

  readonly frames = (frames: readonly Frame[]): void => {
    for (const frame of frames) {
      if (frame.data.length === 0) continue;
      this.#peak = peakOf(frame.data);
      this.#silentMs = this.#peak > SILENCE ? 0 : this.#silentMs + 1000 * secondsOf(frame);
      const isSilent = this.#silentMs >= SILENT_AFTER_MS;
      if (isSilent !== this.#isSilent) this.change(isSilent);
      this.#isSilent = isSilent;
    }
  };
}

function peakOf(samples: Float64Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}
