/** What machines sound like, as pure functions of the sample number: a motor's hum and shocks of a worn bearing. */
import { randomBlock } from '../../src/core/random.js';

/** One turn of the motor: harmonics that fall with their number, every third one stronger, as of an unbalanced fan. */
const TURN = Float64Array.from({ length: 2048 }, (_, i) => {
  let sum = 0;
  for (let h = 1; h <= 24; h++)
    sum += ((h % 3 === 0 ? 2 : 1) / h ** 1.2) * Math.sin((2 * Math.PI * h * i) / 2048 + h * h);
  return sum / 4;
});

export interface Machine {
  readonly rateHz: number;
  readonly turnHz: number;
  /** Offset that never changes, such as gravity in the signal of an accelerometer. */
  readonly offset: number;
  readonly seed: number;
}

export interface Bearing {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Rate of the shocks and frequency at which each rings. */
  readonly shocksHz: number;
  readonly ringsHz: number;
  readonly strength: number;
}

/** Uniform noise within [-1, 1], four values a block of random numbers. */
function noise(seed: number, samples: number): Float64Array {
  const values = new Float64Array(samples);
  const words = new Uint32Array(4);
  for (let i = 0; i < samples; i++) {
    if (i % 4 === 0) randomBlock(words, seed, 9, i / 4);
    values[i] = words[i % 4] / 2 ** 31 - 1;
  }
  return values;
}

/** Samples within [-1, 1]: hum whose speed and load waver slowly, noise of the air, and the bearing while it is worn. */
export function machineSound(
  { rateHz, turnHz, offset, seed }: Machine,
  seconds: number,
  bearing?: Bearing,
): Float64Array {
  const sound = noise(seed, Math.round(seconds * rateHz));
  let turns = 0;
  for (let i = 0; i < sound.length; i++) {
    const s = i / rateHz;
    const wow = 1 + 0.004 * Math.sin(2 * Math.PI * 0.31 * s) + 0.003 * Math.sin(2 * Math.PI * 0.117 * s + seed);
    const load = 1 + 0.12 * Math.sin((2 * Math.PI * s) / 23 + seed) + 0.05 * Math.sin((2 * Math.PI * s) / 5.3);
    turns = (turns + (turnHz * wow) / rateHz) % 1;
    sound[i] = offset + 0.25 * load * TURN[Math.floor(turns * TURN.length)] + 0.03 * load * sound[i];
    if (bearing === undefined || s < bearing.fromSeconds || s >= bearing.toSeconds) continue;
    const sinceShock = (s % (1 / bearing.shocksHz)) * 1;
    sound[i] += bearing.strength * Math.exp(-sinceShock * 600) * Math.sin(2 * Math.PI * bearing.ringsHz * sinceShock);
  }
  return sound;
}
