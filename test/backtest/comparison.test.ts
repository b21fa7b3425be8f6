import { describe, expect, it } from 'vitest';
import { chooseConfig, compareDetectors, type Detector, detectorsOf } from '../../src/backtest/comparison.js';
import { figuresOf, type FileFigures } from '../../src/backtest/file-figures.js';
import { chooseBySkab } from '../../src/backtest/skab-choice.js';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import { fileResult } from './file-result.js';

/** Rows 50 … 59. */
const FAULT = { fromUs: 50e6, toUs: 59e6 };
const DETECTORS: readonly Detector[] = [
  { config: 'a.yaml', forecast: 'net' },
  { config: 'a.yaml', forecast: 'persistence' },
  { config: 'b.yaml', forecast: 'net' },
  { config: 'b.yaml', forecast: 'persistence' },
];

/** What a detector says of a file with the opening scores 0.4 (configured) and 0.3. */
function figures(at04: readonly number[], at03: readonly number[]): FileFigures {
  const anomalies = Int32Array.from(at04);
  const candidates = [{ threshold: 0.3, anomalies: Int32Array.from(at03) }];
  return figuresOf(fileResult({ alerts: anomalies, anomalies, candidates }), { faults: [FAULT] });
}

const FOUND = [50];
const MISSED: readonly number[] = [];
/** A false one long before the fault. */
const BOTH = [30, 50];

describe('detectors side by side', () => {
  it('are those of each configuration, its net first', () => {
    const setting = { value: {}, file: '/nowhere/a.yaml', runtime: DEFAULT_RUNTIME, thresholds: [] };
    expect(
      detectorsOf([
        { ...setting, title: 'a.yaml', baselines: ['persistence'] },
        { ...setting, title: 'b.yaml', baselines: ['persistence'] },
      ]),
    ).toEqual(DETECTORS);
  });

  it('each have their own figures over all files', () => {
    const one = [figures(FOUND, BOTH), figures(MISSED, MISSED)];
    const two = [figures(MISSED, FOUND), figures(BOTH, BOTH)];
    const compared = compareDetectors(DETECTORS.slice(0, 2), [one, two]);
    expect(compared.map(({ config, forecast }) => ({ config, forecast }))).toEqual(DETECTORS.slice(0, 2));
    expect(compared.map(({ report: { incidents } }) => [incidents.found, incidents.falseAlerts])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(compared[0].report.nab?.configured.standard).toBe(50);
  });
});

describe('the configuration that is chosen', () => {
  const other = [figures(FOUND, FOUND), figures(FOUND, FOUND)];
  // Of the first, third, … file b at 0.3 is best, of the others a at 0.4.
  const even = [figures(MISSED, MISSED), ...other.slice(1), figures(MISSED, FOUND), ...other.slice(1)];
  const odd = [figures(FOUND, BOTH), ...other.slice(1), figures(MISSED, [20, 30]), ...other.slice(1)];

  it('is scored on the half that it was not chosen on, both ways', () => {
    const chosen = chooseConfig(DETECTORS, [even, odd]);
    expect(chosen?.choices.standard).toEqual([
      { config: 'b.yaml', threshold: 0.3 },
      { config: 'a.yaml', threshold: 0.4 },
    ]);
    // b at 0.3 misses the fault of the second and says two things that are false; a at 0.4 says nothing of the first.
    expect(chosen?.standard).toBeCloseTo(((100 * (-1 - 2 * 0.11 + 1)) / 2 + 0) / 2, 10);
    expect(chosen?.tried).toEqual({ configurations: 2, thresholds: 4 });
    expect(chosen?.intervals).toBeUndefined();
    expect(chooseConfig(DETECTORS, [even, odd, even, odd, even, odd])?.intervals?.standard.low).toBeCloseTo(
      chosen?.standard ?? NaN,
      10,
    );
  });

  it('is never a baseline, however good', () => {
    const choices = Object.values(chooseConfig(DETECTORS, [even, odd])?.choices ?? {}).flat();
    expect(choices).toHaveLength(6);
    const best = chooseConfig(DETECTORS, [
      [figures(MISSED, BOTH), figures(FOUND, FOUND), figures(MISSED, MISSED), figures(FOUND, FOUND)],
      [figures(MISSED, BOTH), figures(FOUND, FOUND), figures(MISSED, MISSED), figures(FOUND, FOUND)],
    ]);
    expect(best?.standard).toBeCloseTo((100 * (1 - 0.11 + 1)) / 2, 10);
  });

  it('needs several configurations, labels, and windows in both halves', () => {
    expect(chooseConfig(DETECTORS.slice(0, 2), [even.slice(0, 2), odd.slice(0, 2)])).toBeUndefined();
    expect(chooseConfig(DETECTORS, [even])).toBeUndefined();
    const unlabelled = DETECTORS.map(() => figuresOf(fileResult({}), { faults: undefined }));
    expect(chooseConfig(DETECTORS, [unlabelled, unlabelled])).toBeUndefined();
  });
});

describe('the configuration that is chosen by the rows it calls anomalous', () => {
  const anomaly = Uint8Array.from({ length: 100 }, (_, row) => (row >= 50 && row < 60 ? 1 : 0));
  const marked = (from: number, to: number): FileFigures =>
    figuresOf(fileResult({ open: Uint8Array.from(anomaly, (_, row) => (row >= from && row < to ? 1 : 0)) }), {
      faults: [FAULT],
      columns: { anomaly, changepoint: undefined },
    });
  const nothing = marked(0, 0);
  /** F1 of 10 rows that are all found: 1; of 5: 2 · 5 / (2 · 5 + 5). */
  const [all, half] = [marked(50, 60), marked(55, 60)];
  const even = [nothing, all, half, all];
  const odd = [half, all, nothing, all];

  it('is scored on the half that it was not chosen on, both ways, and is never a baseline', () => {
    const chosen = chooseBySkab(DETECTORS, [even, odd, even, odd]);
    expect(chosen?.choices).toEqual(['b.yaml', 'a.yaml']);
    expect(chosen).toMatchObject({ f1: 0, missedAlarmRate: 100, tried: { configurations: 2 } });
    const same = chooseBySkab(DETECTORS, [even, even]);
    expect(same?.choices).toEqual(['b.yaml', 'b.yaml']);
    expect(same?.f1).toBeCloseTo(2 / 3, 12);
    expect(same?.missedAlarmRate).toBe(50);
  });

  it('needs several configurations, and labels in files of both halves', () => {
    expect(chooseBySkab(DETECTORS.slice(0, 2), [even, odd])).toBeUndefined();
    expect(chooseBySkab(DETECTORS, [even])).toBeUndefined();
    const unmarked = DETECTORS.map(() => figures(FOUND, FOUND));
    expect(chooseBySkab(DETECTORS, [unmarked, unmarked])).toBeUndefined();
  });
});
