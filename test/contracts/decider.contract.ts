/** What every decider must do, whatever its kind. */
import { describe, expect, it } from 'vitest';
import type { Batch, ForecastDecider } from '../../src/core/contracts.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { normals, uniforms } from '../decide/signals.js';

const STEP_US = 1_000_000;
const STREAMS = 4;

function batchOf(channels: number): Batch {
  return {
    n: 0,
    width: channels,
    slot: new Int32Array(STREAMS),
    us: new Float64Array(STREAMS),
    seq: new Float64Array(STREAMS),
    data: new Float32Array(STREAMS * channels),
    mask: new Uint8Array(STREAMS * channels).fill(1),
    gap: new Uint8Array(STREAMS),
    settled: new Uint8Array(STREAMS).fill(1),
  };
}

/** The value of a channel of a stream at a time: any order of asking gives the same. */
function valueOf(stream: number, channel: number, t: number): number {
  const normal = normals(uniforms(stream * 7919 + channel * 104_729 + t * 31));
  normal();
  return normal() + (stream === 1 && t > 700 && t < 760 ? 15 : 0);
}

function sorted(events: readonly KiokuEvent[]): KiokuEvent[] {
  return events.toSorted((a, b) => a.us - b.us || (a.id < b.id ? -1 : 1));
}

/** @param make a fresh decider for at least four slots of `channels` channels */
export function deciderContract(name: string, make: () => ForecastDecider, channels: number): void {
  /** Steps the streams through `steps` rows, `together` of them in a batch, in slots that `slotOf` says. */
  function run(
    decider: ForecastDecider,
    steps: number,
    together: number,
    slotOf = (stream: number): number => stream,
  ): KiokuEvent[] {
    const events: KiokuEvent[] = [];
    const batch = batchOf(channels);
    const output = new Float32Array(STREAMS * channels * 2);
    for (let stream = 0; stream < STREAMS; stream++) decider.open(slotOf(stream), `stream-${stream}`);
    for (let t = 0; t < steps; t++) {
      for (let first = 0; first < STREAMS; first += together) {
        batch.n = Math.min(together, STREAMS - first);
        for (let row = 0; row < batch.n; row++) {
          batch.slot[row] = slotOf(first + row);
          batch.us[row] = t * STEP_US;
          for (let c = 0; c < channels; c++) batch.data[row * channels + c] = valueOf(first + row, c, t);
        }
        decider.push(output, batch, (event) => events.push(event));
      }
    }
    return events;
  }

  describe(`decider contract: ${name}`, () => {
    it('says the same whatever the batch-mates and the slots, and only of the stream at fault', () => {
      const all = run(make(), 900, STREAMS);
      expect(all.length).toBeGreaterThan(0);
      expect(new Set(all.map(({ stream }) => stream))).toEqual(new Set(['stream-1']));
      expect(sorted(run(make(), 900, 1))).toEqual(sorted(all));
      expect(sorted(run(make(), 900, 3, (stream) => STREAMS - 1 - stream))).toEqual(sorted(all));
    });

    it('gives a slot back as new when another stream takes it', () => {
      const decider = make();
      decider.open(0, 'fresh');
      const fresh = decider.save(0);
      run(decider, 750, STREAMS);
      decider.open(1, 'fresh');
      expect(decider.save(1)).toEqual(fresh);
    });

    it('loads what it saved, and refuses anything else', () => {
      const decider = make();
      run(decider, 750, STREAMS);
      const bytes = decider.save(1);
      decider.open(2, 'stream-1');
      decider.load(2, bytes);
      expect(decider.save(2)).toEqual(bytes);
      const other = bytes.slice();
      other[0] += 1;
      for (const wrong of [other, bytes.subarray(1), new Uint8Array(0)]) {
        expect(() => decider.load(2, wrong)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
      }
    });

    it('reports silence once, its end once, and nothing when a quiet stream leaves', () => {
      const decider = make();
      run(decider, 600, STREAMS);
      const phases: string[] = [];
      const emit = (event: KiokuEvent): void => void phases.push(event.type === 'incident' ? event.phase : event.type);
      for (let steps = 1; steps <= 20; steps++) decider.silence(0, steps, (600 + steps) * STEP_US, emit);
      decider.silence(0, 0, 621 * STEP_US, emit);
      decider.silence(0, 0, 622 * STEP_US, emit);
      decider.end(0, 623 * STEP_US, emit);
      expect(phases).toEqual(['new', 'end']);
    });
  });
}
