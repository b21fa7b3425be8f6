/** Audio in memory → one WAV file, without loss where 16 bits or a float of 32 can hold it. */
import { encode } from 'node-wav';

const MOST_NEGATIVE = 32_768;

export class Clip {
  /** Interleaved, as they came. */
  readonly #blocks: Float32Array[] = [];
  #values = 0;
  /** Whether every sample so far is a 16-bit integer. */
  #isInteger = true;

  constructor(
    readonly rateHz: number,
    readonly channels: number,
  ) {}

  /** Samples of all channels. */
  get values(): number {
    return this.#values;
  }

  get seconds(): number {
    return this.#values / this.channels / this.rateHz;
  }

  /** @param samples [n, channels] in [-1, 1]; copied */
  push(samples: Float64Array): void {
    this.#blocks.push(Float32Array.from(samples));
    this.#values += samples.length;
    for (let i = 0; i < samples.length && this.#isInteger; i++) {
      const level = samples[i] * MOST_NEGATIVE;
      this.#isInteger = Number.isInteger(level) && level < MOST_NEGATIVE;
    }
  }

  /** 16-bit integers when all samples are, else 32-bit floats. */
  toWav(): Buffer {
    const data = Array.from({ length: this.channels }, () => new Float32Array(this.#values / this.channels));
    let at = 0;
    for (const block of this.#blocks) {
      for (const sample of block) {
        data[at % this.channels][Math.floor(at / this.channels)] = this.#isInteger ? forEncoder(sample) : sample;
        at += 1;
      }
    }
    return encode(data, { sampleRate: this.rateHz, ...(this.#isInteger ? { bitDepth: 16 } : { float: true }) });
  }
}

/**
 * node-wav multiplies what is positive by 32,767 instead of 32,768, and cuts the fraction off: so every other sample
 * would come back one lower. Aimed at the middle of the level, it becomes just that level.
 */
function forEncoder(sample: number): number {
  const level = sample * MOST_NEGATIVE;
  return level >= 0 ? (level + 0.5) / (MOST_NEGATIVE - 1) : (level - 0.5) / MOST_NEGATIVE;
}
