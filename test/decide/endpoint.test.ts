import { describe, expect, it } from 'vitest';
import { endpointSchema, metRule } from '../../src/decide/endpoint.js';

const USUAL = endpointSchema.parse({});
/** Output frames of 40 ms in so many ms. */
const frames = (ms: number): number => ms / 40;

describe('metRule', () => {
  it('waits 2.4 s for speech, 1.2 s after speech, and never lets a segment be longer than 20 s', () => {
    expect(metRule(USUAL, frames(2400), frames(2400))).toBe(0);
    expect(metRule(USUAL, frames(2440), frames(2440))).toBe(1);
    expect(metRule(USUAL, frames(2000), frames(1160))).toBe(0);
    expect(metRule(USUAL, frames(2000), frames(1240))).toBe(2);
    expect(metRule(USUAL, frames(19_960), 0)).toBe(0);
    expect(metRule(USUAL, frames(20_000), 0)).toBe(3);
  });

  it('counts in float32 as sherpa-onnx does: 30 blank frames are not yet 1.2 s', () => {
    expect(metRule(USUAL, frames(2000), 30)).toBe(0);
    expect(metRule(USUAL, frames(2000), 31)).toBe(2);
  });

  it('takes the first rule that is met, by its number in the configuration', () => {
    const options = endpointSchema.parse({ rules: [{ silenceMs: 500 }, { silenceMs: 500 }, { lengthMs: 100 }] });
    expect(metRule(options, 50, 20)).toBe(1);
    expect(metRule(options, 50, 1)).toBe(3);
  });

  it('asks for speech only where a rule says so', () => {
    const [always, afterSpeech] = [false, true].map((speech) =>
      endpointSchema.parse({ rules: [{ afterSpeech: speech, silenceMs: 1000 }] }),
    );
    expect(metRule(always, 50, 50)).toBe(1);
    expect(metRule(afterSpeech, 50, 50)).toBe(0);
    expect(metRule(afterSpeech, 50, 49)).toBe(1);
  });

  it('ends nothing when it is off', () => {
    expect(metRule({ ...USUAL, enabled: false }, frames(50_000), frames(50_000))).toBe(0);
  });
});
