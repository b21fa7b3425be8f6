/** What the defaults do over long runs without a fault, and with each kind of fault. */
import { describe, expect, it } from 'vitest';
import type { IncidentEvent } from '../../src/core/events.js';
import { fitScale } from '../../src/feature/scaling.js';
import { SIGNALS, normals, uniforms } from './signals.js';
import { STEP_US, START_US, type Series, Watch, seriesOf } from './watch.js';

const NAMES = Object.keys(SIGNALS);

function plant(names: readonly string[], steps: number, seed: number): Float64Array[] {
  return names.map((name, i) => seriesOf(SIGNALS[name](1000 * seed + i), steps));
}

function watched(series: Series, calibration: number, objective: 'gaussian' | 'mse' = 'gaussian'): Watch {
  const watch = new Watch(
    series.map((values) => values.subarray(0, calibration)),
    objective,
  );
  watch.run(series, calibration);
  return watch;
}

function begun(watch: Watch): IncidentEvent[] {
  return watch.events.filter((event): event is IncidentEvent => event.type === 'incident' && event.phase === 'new');
}

describe('without a fault', () => {
  const STEPS = 100_000;

  it.each([
    [300, 'gaussian'],
    [300, 'mse'],
    [5000, 'gaussian'],
    [5000, 'mse'],
  ] as const)('ten channels, calibrated on %d steps (%s), are quiet', (calibration, objective) => {
    const found = begun(watched(plant(NAMES, calibration + STEPS, 1), calibration, objective));
    const rate = (found.length * 20_000) / STEPS;
    console.log(`ten channels, ${calibration} steps, ${objective}: ${rate} incidents in 20,000 steps`);
    expect(rate).toBeLessThan(1);
  });

  it.each([300, 5000])('each kind of channel alone, calibrated on %d steps, is quiet', (calibration) => {
    const rates = NAMES.map((name) => {
      const found = begun(watched(plant([name], calibration + STEPS, 2), calibration));
      return [name, (found.length * 20_000) / STEPS] as const;
    });
    console.log(`alone, ${calibration} steps: ${rates.map(([name, rate]) => `${name} ${rate}`).join(', ')}`);
    const mean = rates.reduce((sum, [, rate]) => sum + rate, 0) / rates.length;
    expect(mean).toBeLessThan(0.5);
    for (const [, rate] of rates) expect(rate).toBeLessThanOrEqual(2);
  });
});

type Fault = (values: Float64Array, spread: number, at: number) => void;

const LASTS = 200;

function each(change: (value: number, i: number, spread: number) => number): Fault {
  return (values, spread, at) => {
    for (let i = 0; i < LASTS; i++) values[at + i] = change(values[at + i], i, spread);
  };
}

const noise = normals(uniforms(99));

/** Fault → what it does, and within how many steps it must be found. */
const FAULTS: Readonly<Record<string, { readonly make: Fault; readonly within: number }>> = {
  'spike of 4 steps, 15 σ': { make: each((v, i, s) => (i < 4 ? v + 15 * s : v)), within: 10 },
  'shift of 10 σ': { make: each((v, _, s) => v + 10 * s), within: 60 },
  'drift of 0.1 σ a step': { make: each((v, i, s) => v + 0.1 * i * s), within: 80 },
  'flat line': {
    make: (values, _, at) => {
      values.fill(values[at], at, at + LASTS);
    },
    within: 40,
  },
  'noise × 4': { make: each((v, _, s) => v + Math.sqrt(15) * s * noise()), within: 80 },
};

describe('with a fault', () => {
  const CALIBRATION = 3000;
  const AT = CALIBRATION + 1000;

  it.each(Object.keys(FAULTS))('%s is found once in each of white, ar, seasonal channels', (name) => {
    const { make, within } = FAULTS[name];
    const delays: number[] = [];
    for (const signal of ['white', 'ar', 'seasonal']) {
      for (let seed = 1; seed <= 5; seed++) {
        const series = plant([signal], AT + LASTS + 500, 10 + seed);
        make(series[0], fitScale(series[0].subarray(0, CALIBRATION), 0).scale, AT);
        const watch = watched(series, CALIBRATION);
        const faultUs = START_US + AT * STEP_US;
        const found = begun(watch).filter(({ us }) => us >= faultUs);
        expect(found).toHaveLength(1);
        const delay = (found[0].us - faultUs) / STEP_US;
        delays.push(delay);
        expect(watch.events.at(-1)).toMatchObject({ phase: 'end', id: found[0].id });
      }
    }
    delays.sort((a, b) => a - b);
    console.log(`${name}: found after ${delays[0]} to ${delays.at(-1)} steps, median ${delays[7]}`);
    expect(delays[7]).toBeLessThanOrEqual(within);
  });

  it('a burn of the processor, calibrated on a minute at 4 Hz, is found among ten channels within ten seconds', () => {
    // What a burn does to a machine: the cores, and how late timers are.
    const names = ['load', 'load', 'heavy', 'white', 'ar', 'bursts', 'steps', 'load', 'white', 'seasonal'];
    const delays: number[] = [];
    const ends: number[] = [];
    let early = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const series = plant(names, 240 + 120 + 80 + 200, 50 + seed);
      for (const c of [0, 1, 2]) {
        for (let i = 0; i < 80; i++) series[c][360 + i] = c === 2 ? 60 + 10 * series[c][360 + i] : 97.5 + 2.5 * (i % 2);
      }
      const watch = watched(series, 240);
      const burnUs = START_US + 360 * STEP_US;
      const found = begun(watch);
      if (found.some(({ us }) => us < burnUs)) {
        early++;
        continue;
      }
      expect(found).toHaveLength(1);
      delays.push((found[0].us - burnUs) / STEP_US);
      const end = watch.events.at(-1);
      expect(end).toMatchObject({ phase: 'end', id: found[0].id });
      ends.push(((end?.us ?? 0) - burnUs) / STEP_US - 80);
    }
    delays.sort((a, b) => a - b);
    ends.sort((a, b) => a - b);
    console.log(
      `burn: found after ${delays.join(' ')} steps, over ${ends.join(' ')} after it stopped; ${early} of 20 before it`,
    );
    expect(early).toBeLessThanOrEqual(1);
    expect(delays.at(-1)).toBeLessThan(40);
    expect(ends.at(-1)).toBeLessThan(120);
  });

  it('silence is found once, besides nothing else, and the gap after it raises nothing', () => {
    const series = plant(['white', 'ar', 'seasonal'], CALIBRATION + 2000, 30);
    const watch = new Watch(series.map((values) => values.subarray(0, CALIBRATION)));
    watch.run(series, CALIBRATION, CALIBRATION + 1000);
    watch.silence(50);
    watch.run(series, CALIBRATION + 1050);
    const told = watch.events.map((event) => (event.type === 'incident' ? `${event.phase} ${event.reason}` : ''));
    expect(told).toEqual(['new silent', 'end silent']);
  });
});
