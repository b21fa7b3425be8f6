/** What a user is told of sound in which nobody can be understood: an empty transcript does not say why. */
import type { Frame } from '../core/contracts.js';
import { SoundCheck } from '../evaluate/sound-check.js';
import { clippingOf } from '../train/speech/recordings.js';

export class SoundChecks {
  readonly #checks = new Map<string, SoundCheck>();

  hear(frames: readonly Frame[]): void {
    for (const frame of frames) {
      let check = this.#checks.get(frame.stream);
      if (check === undefined) this.#checks.set(frame.stream, (check = new SoundCheck()));
      check.hear(frame);
    }
  }

  /** @returns a sentence for each stream that is silent or clipped */
  remarks(): string[] {
    return [...this.#checks].flatMap(([stream, { silent, clippedShare }]) => {
      const reason = silent ? 'is silent: no sound in it is above the last bit of 16' : clippingOf(clippedShare);
      return reason === undefined ? [] : [`${stream} ${reason}`];
    });
  }
}
