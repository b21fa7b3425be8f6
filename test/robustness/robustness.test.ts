/**
 * Thousands of damaged inputs and models: none may crash or hang the process, each is accepted, counted as a drop or
 * refused with a typed error. They are the same in every run; another seed is `KIOKU_SEED=7 npx vitest run test/robustness`.
 */
import { describe, expect, it } from 'vitest';
import { handIn, type Tally } from './crew.js';

const SEED = Number(process.env['KIOKU_SEED'] ?? 1);

/** 10,000 of everything that reads what comes from outside. */
const INPUTS = {
  json: 2200,
  number: 700,
  wav: 900,
  pcm: 500,
  config: 900,
  card: 900,
  snapshot: 900,
  tokens: 600,
  'wav-file': 500,
  csv: 700,
  jsonl: 700,
  onnx: 500,
};

/** 2,000 nets; a Silero takes ten times as long as any other. */
const MODELS = { kioku: 1000, transducer: 450, quantised: 200, ctc: 250, silero: 100 };

const TIME_LIMIT_MS = 180_000;

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

/** One line a target. */
function describeTallies(tallies: Readonly<Record<string, Tally>>): string {
  return Object.entries(tallies)
    .map(([target, { outcomes, crashes }]) => {
      const { accepted = 0, ...refused } = outcomes;
      const reasons = Object.entries(refused)
        .toSorted(([, a], [, b]) => b - a)
        .map(([reason, n]) => `${n} ${reason}`);
      const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
      return `${target}: ${accepted} accepted, ${sumOf(refused)} refused${why}, ${crashes.length} crashed`;
    })
    .join('\n');
}

async function expectHarmless(cases: Readonly<Record<string, number>>): Promise<void> {
  const tallies = await handIn(SEED, cases);
  console.log(`seed ${SEED}\n${describeTallies(tallies)}`);
  const trouble = Object.values(tallies).flatMap(({ failures, crashes }) => failures.concat(crashes));
  expect(trouble).toEqual([]);
  for (const [target, count] of Object.entries(cases)) {
    const { accepted, ...refused } = tallies[target].outcomes;
    expect([target, accepted + sumOf(refused)]).toEqual([target, count]);
    // Damage that is always noticed proves nothing about what comes behind.
    expect(accepted).toBeGreaterThan(count / 50);
  }
}

describe('harm', () => {
  it(
    'comes of none of 10,000 damaged inputs',
    async () => {
      expect(sumOf(INPUTS)).toBe(10_000);
      await expectHarmless(INPUTS);
    },
    TIME_LIMIT_MS,
  );

  it(
    'comes of none of 2,000 damaged models',
    async () => {
      expect(sumOf(MODELS)).toBe(2000);
      await expectHarmless(MODELS);
    },
    TIME_LIMIT_MS,
  );
});
