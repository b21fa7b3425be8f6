import { describe, expect, it } from 'vitest';
import { PauseRecorder } from '../src/pauses.js';
import { readingOf } from './support/readings.js';

const S = 1_000_000;
const START = 1_700_000_000 * S;

function pausesOf(...heard: readonly (readonly [second: number, stream?: string])[]) {
  const recorder = new PauseRecorder(S);
  for (const [second, stream = 'pump'] of heard) recorder.hear(readingOf(START + second * S, { x: 1 }, { stream }));
  return recorder.finish();
}

describe('pauses', () => {
  it('are counted by their length in time steps, for each stream', () => {
    expect(pausesOf([0, 'b'], [0], [1], [3], [5.9, 'b'], [13.5], [23], [24], [26])).toEqual([
      { stream: 'b', heardUs: 5.9 * S, times: new Map([[5, 1]]) },
      {
        stream: 'pump',
        heardUs: 26 * S,
        times: new Map([
          [2, 2],
          [10, 1],
          [9, 1],
        ]),
      },
    ]);
  });

  it('are counted by when something came, whatever time the device has', () => {
    const recorder = new PauseRecorder(S);
    for (const [us, arrivedUs] of [
      [START, START],
      [START + 100 * S, START + S],
      [START + 101 * S, START + 21 * S],
    ])
      recorder.hear(readingOf(us, { x: 1 }, { arrivedUs }));
    expect(recorder.finish()[0].times).toEqual(new Map([[20, 1]]));
  });

  it('are none where a clock is set back, nor behind the end of what a sender has', () => {
    expect(pausesOf([100], [10], [11])[0]).toMatchObject({ times: new Map(), heardUs: S });
    const recorder = new PauseRecorder(S);
    recorder.hear(readingOf(START, { x: 1 }));
    recorder.hear(readingOf(START + S, {}, { mark: 'end' }));
    recorder.hear(readingOf(START + 50 * S, { x: 1 }));
    recorder.hear(readingOf(START + 80 * S, { x: 1 }));
    expect(recorder.finish()[0].times).toEqual(new Map([[30, 1]]));
  });
});
