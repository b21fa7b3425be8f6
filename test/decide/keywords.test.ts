import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { loadNumbers } from '../../src/core/saved-state.js';
import { keywordsKind } from '../../src/decide/keywords.js';
import { speechDeciderContract, type SpeechRig } from '../contracts/speech-decider.contract.js';
import { stageContext } from '../support/stages.js';
import { ctcModel, FRAME_US, ORIGIN_US, transducerModel } from './recogniser.js';
import { SpotterRig, stepOf } from './spotter.js';

const [BLANK, HE, LLO, WORLD] = [0, 3, 4, 5];
const silence = stepOf(BLANK, 1);
const quiet = (steps: number): Float32Array[] => Array.from({ length: steps }, () => silence);

/** Two steps of each symbol: silence, parts of keywords, doubtful and sure. */
const CHUNKS = [
  [silence, silence],
  [stepOf(HE, 0.9), stepOf(LLO, 0.8)],
  [stepOf(WORLD, 0.7), stepOf(WORLD, 0.2)],
  [stepOf(HE, 0.4), silence],
  [stepOf(LLO, 0.6), silence],
];
const OPTIONS = {
  keywords: ['HELLO', { phrase: 'WORLD', threshold: 0.3 }, 'HELLO WORLD'],
  pauseMs: 240,
  refractoryMs: 100,
};

function rigOf(): SpeechRig {
  const rig = new SpotterRig(ctcModel(2), OPTIONS);
  return {
    decider: rig.decider,
    events: rig.events,
    hear: (batch, us) => rig.hear(...batch.map(({ symbol, ...row }) => ({ ...row, us, frames: CHUNKS[symbol] }))),
    end: (slot, us) => rig.decider.end(slot, us, rig.emit),
  };
}

speechDeciderContract({ name: 'keywords', make: rigOf, symbols: CHUNKS.length, stepUs: 2 * FRAME_US });

/** Keywords and when the step ended in which each was told. */
function told({ events }: SpotterRig): [string, number][] {
  return events.map(({ keyword, us }) => [keyword, us / FRAME_US]);
}

/** HELLO, so many steps of silence, WORLD; a pause is 5 steps. */
function parted(steps: number): SpotterRig {
  const rig = new SpotterRig(ctcModel(1), { keywords: ['HELLO WORLD'], pauseMs: 200 });
  rig.hearSteps([stepOf(HE, 1), stepOf(LLO, 1), ...quiet(steps), stepOf(WORLD, 1)]);
  return rig;
}

function create(keywords: readonly unknown[]): SpotterRig {
  return new SpotterRig(ctcModel(1), { keywords });
}

describe('keywords', () => {
  it('are told in the step in which the score reaches the threshold, with their beginning', () => {
    const rig = new SpotterRig(ctcModel(1), OPTIONS);
    rig.hearSteps([silence, stepOf(HE, 0.9), silence, stepOf(LLO, 0.8), silence]);
    expect(rig.events).toEqual([
      {
        type: 'keyword',
        id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        stream: 'stream-0',
        us: 4 * FRAME_US,
        segment: 0,
        originUs: ORIGIN_US,
        startUs: FRAME_US,
        keyword: 'HELLO',
        score: expect.closeTo(Math.sqrt(0.9 * 0.8), 6) as number,
        threshold: 0.5,
        provider: 'test/cpu',
      },
    ]);
  });

  it('are told once while the score stays, and again when it has fallen to half of the threshold', () => {
    const options = { keywords: ['WORLD'], refractoryMs: 0 };
    const word = [0.2, 0.6, 0.9, 0.4, 0.6, 0.24, 0.6].map((probability) => stepOf(WORLD, probability));
    const rig = new SpotterRig(ctcModel(1), options);
    rig.hearSteps(word);
    expect(told(rig)).toEqual([
      ['WORLD', 2],
      ['WORLD', 7],
    ]);
    expect(rig.events.map(({ segment }) => segment)).toEqual([0, 1]);
    expect(new Set(rig.events.map(({ id }) => id)).size).toBe(2);
  });

  it('are not told within the refractory time, nor at its end because they last', () => {
    const rig = new SpotterRig(ctcModel(1), { keywords: ['WORLD'], refractoryMs: 200 });
    const [on, off] = [stepOf(WORLD, 0.9), silence];
    rig.hearSteps([on, off, off, on, on, on, on, off, on]);
    expect(told(rig)).toEqual([
      ['WORLD', 1],
      ['WORLD', 9],
    ]);
  });

  it('may stand there with several thresholds, each told by itself', () => {
    const thresholds = [0.2, 0.5, 0.8];
    const rig = new SpotterRig(ctcModel(1), {
      keywords: thresholds.map((threshold) => ({ phrase: 'WORLD', threshold })),
    });
    rig.hearSteps([stepOf(WORLD, 0.3), stepOf(WORLD, 0.9)]);
    expect(rig.events.map(({ threshold, us }) => [threshold, us / FRAME_US])).toEqual([
      [0.2, 1],
      [0.5, 2],
      [0.8, 2],
    ]);
  });

  it('of several words are none when a pause parts them; then the net begins anew', () => {
    expect(told(parted(4))).toEqual([['HELLO WORLD', 7]]);
    expect(parted(4).resets).toEqual([]);
    expect(told(parted(5))).toEqual([]);
    expect(parted(5).resets).toEqual([0]);
    expect(parted(11).resets).toEqual([0, 0]);
  });

  it('of several words are none when audio is missing between them', () => {
    const rig = new SpotterRig(ctcModel(1), { keywords: ['HELLO'] });
    rig.hear({ us: 0, frames: [stepOf(HE, 1)] });
    rig.hear({ us: 4_000_000, frames: [stepOf(LLO, 1)], gap: true });
    expect(rig.events).toEqual([]);
  });

  it('are told when the clock was set back, however far', () => {
    const rig = new SpotterRig(ctcModel(1), { keywords: ['WORLD'], refractoryMs: 200 });
    rig.hearSteps([stepOf(WORLD, 1), silence], 4_000_000);
    rig.hear({ us: 0, frames: [stepOf(WORLD, 1)], gap: true });
    expect(told(rig)).toEqual([
      ['WORLD', 101],
      ['WORLD', 1],
    ]);
  });

  it('are the same at the same times however the steps are cut into chunks', () => {
    const step = fc.record({ id: fc.constantFrom(BLANK, HE, LLO, WORLD), p: fc.integer({ min: 0, max: 10 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 24, maxLength: 24 }), (all) => {
        const steps = all.map(({ id, p }) => stepOf(id, p / 10));
        const [whole, ...cut] = [24, 1, 2, 3, 8].map((outputFrames) => {
          const rig = new SpotterRig(ctcModel(outputFrames), OPTIONS);
          rig.hearSteps(steps, 7_000_000);
          return rig.events;
        });
        for (const events of cut) expect(events).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('take what is no number for a probability of 0, and count it', () => {
    const rig = new SpotterRig(ctcModel(1), { keywords: ['WORLD'] });
    rig.hearSteps([stepOf(WORLD, 1).fill(Number.NaN), stepOf(WORLD, 0.6)]);
    expect(rig.counters.get('decide.score-not-finite')).toBe(1);
    expect(told(rig)).toEqual([['WORLD', 2]]);
  });

  it('are remembered in a few numbers, always as many', () => {
    const rig = new SpotterRig(ctcModel(1), OPTIONS);
    const before = loadNumbers(1, rig.decider.save(0), 'keywords').length;
    for (let k = 0; k < 3; k++) rig.hearSteps([...quiet(3), stepOf(HE, 0.9), stepOf(LLO, 0.9)], k * 200_000);
    expect(loadNumbers(1, rig.decider.save(0), 'keywords')).toHaveLength(before);
    expect(before).toBeLessThan(60);
  });

  it('do not take what was saved with other keywords', () => {
    const [one, other] = ['WORLD', '▁HE'].map((word) => new SpotterRig(ctcModel(1), { keywords: [word] }));
    expect(() => other.decider.load(0, one.decider.save(0))).toThrow(/the keywords of a stream has another version/);
  });
});

describe('keywords that cannot be', () => {
  it('are all named when the tokens of the model cannot spell them', () => {
    expect(() => create(['WORLD', 'BONJOUR', 'ADIEU'])).toThrow(UserError);
    expect(() => create(['WORLD', 'BONJOUR', 'ADIEU'])).toThrow("cannot spell 'BONJOUR', 'ADIEU'");
  });

  it('are the same as another one, in other letters', () => {
    expect(() => create(['WORLD', 'world'])).toThrow("'WORLD' and 'world' are the same keyword");
    expect(() => create(['WORLD', { phrase: 'world', threshold: 0.9 }])).not.toThrow();
  });

  it.each([[[]], [['']], [['  ']], [[{ phrase: 'WORLD', threshold: 0 }]], [[{ phrase: 'WORLD', threshold: 1.1 }]]])(
    'are no configuration: %j',
    (keywords) => {
      expect(keywordsKind.schema.safeParse({ kind: 'keywords', keywords }).success).toBe(false);
    },
  );

  it('need a CTC model', () => {
    const options = keywordsKind.schema.parse({ kind: 'keywords', keywords: ['WORLD'] });
    const { encoder } = ctcModel(1);
    const net = { model: encoder } as never;
    const context = {
      ...stageContext(),
      capacity: 1,
      originUs: () => 0,
      resetEncoder: () => {},
      provider: 'test/cpu',
      model: transducerModel(1),
      decoder: net,
      joiner: net,
    };
    expect(() => keywordsKind.create(options, context)).toThrow(/by-hand is a transducer/);
  });
});
