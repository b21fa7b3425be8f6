/** `decide.alertsPerWeek` on streams without faults: as many alerts as wished, from one week of data. */
import { assert, describe, expect, it } from 'vitest';
import type { Calibration, Threshold } from '../../src/core/calibration.js';
import type { ModelCard } from '../../src/core/card.js';
import { Counters } from '../../src/core/counters.js';
import { silentLog } from '../../src/core/log.js';
import { type AnomalyDecider, anomalyKind } from '../../src/decide/anomaly.js';
import { RecordingLog } from '../support/stages.js';
import { normals, uniforms } from './signals.js';
import { cardOf, rowOf, START_US } from './watch.js';

/** Five minutes: 2016 steps a week. */
const STEP_US = 300_000_000;
const WEEK = 2016;
const PHI = 0.7;

interface Parts {
  readonly options: Record<string, unknown>;
  readonly calibration?: Calibration;
  readonly learnOnly?: true;
}

function make({ options, calibration, learnOnly }: Parts, log = silentLog): AnomalyDecider {
  const card: ModelCard = { ...cardOf(1, 'gaussian', calibration), stepUs: STEP_US };
  return anomalyKind.create(anomalyKind.schema.parse({ kind: 'anomaly', ...options }), {
    name: 'test',
    baseDir: '/',
    counters: new Counters(),
    log,
    card,
    capacity: 32,
    provider: 'test/cpu',
    scaler: { toUnits: (_slot, _channel, z) => z },
    ...(learnOnly === undefined ? {} : { learnOnly }),
  });
}

/** A sensor that leans on its last value, whose net knows that. */
class Sensor {
  readonly #uniform: () => number;
  readonly #normal: () => number;
  readonly #row = rowOf(1);
  readonly #output = new Float32Array(2);
  #x = 0;
  #t = 0;
  /** By which all values are too high. */
  shift = 0;

  constructor(
    readonly slot: number,
    seed: number,
  ) {
    this.#uniform = uniforms(seed);
    this.#normal = normals(this.#uniform);
  }

  /** @returns alerts */
  run(decider: AnomalyDecider, steps: number): number {
    let alerts = 0;
    this.#row.slot[0] = this.slot;
    for (let i = 0; i < steps; i++, this.#t++) {
      this.#x = PHI * this.#x + Math.sqrt(1 - PHI * PHI) * this.#normal();
      this.#row.us[0] = START_US + this.#t * STEP_US;
      this.#row.data[0] = this.#x + this.shift;
      this.#output[0] = PHI * this.#x;
      this.#output[1] = Math.log(1 - PHI * PHI);
      decider.push(this.#output, this.#row, (event) => {
        if (event.type === 'incident' && event.phase === 'new') alerts++;
      });
    }
    return alerts;
  }
}

/** What a training would write into the card: all but the last fifth of `steps` is learnt, then it is rehearsed. */
function calibrate(sensors: readonly Sensor[], options: Record<string, unknown>, steps = WEEK): Calibration {
  const decider = make({ options, learnOnly: true });
  const learnt = Math.floor(0.8 * steps);
  for (const sensor of sensors) {
    decider.open(sensor.slot, `s${sensor.slot}`);
    sensor.run(decider, learnt);
    decider.rehearse(sensor.slot);
    sensor.run(decider, steps - learnt);
  }
  const streams = sensors.map(({ slot }) => [`s${slot}`, Buffer.from(decider.save(slot)).toString('base64')] as const);
  return { decider: decider.version, streams: Object.fromEntries(streams), ...decider.rehearsed(true) };
}

/** What a sensor gets for a wish with a cool-down. */
function foundWith(alertsPerWeek: number, coolDownSteps: number): Threshold | undefined {
  const options = { alertsPerWeek, coolDownMs: (coolDownSteps * STEP_US) / 1000 };
  return calibrate([new Sensor(0, 91)], options).threshold?.streams['s0'];
}

/** Alerts a week of each sensor, from the card on. */
function alertsAWeek(sensors: readonly Sensor[], parts: Parts, weeks: number): number[] {
  const decider = make(parts);
  return sensors.map((sensor) => {
    decider.open(sensor.slot, `s${sensor.slot}`);
    return sensor.run(decider, weeks * WEEK) / weeks;
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('alertsPerWeek', () => {
  it.each([0.2, 1, 7])('of %d: about as many, over twenty sensors without faults, seven weeks of each', (wish) => {
    const options = { alertsPerWeek: wish };
    const rates = Array.from({ length: 20 }, (_, seed) => {
      const sensors = [new Sensor(0, 1 + seed)];
      return alertsAWeek(sensors, { options, calibration: calibrate(sensors, options) }, 7)[0];
    });
    expect(mean(rates) / wish).toBeGreaterThan(0.3);
    expect(mean(rates) / wish).toBeLessThan(3);
    expect(Math.max(...rates)).toBeLessThan(Math.max(1, 5 * wish));
  });

  it('gives a noisy sensor an opening score of its own: it does not take the alerts of all', () => {
    const options = { alertsPerWeek: 1 };
    const sensors = Array.from({ length: 5 }, (_, slot) => new Sensor(slot, 50 + slot));
    const learnt = calibrate(sensors, options);
    const { rehearsal } = learnt;
    assert(rehearsal !== undefined);
    const noisy = { rows: 404, readyRows: 300, alerts: 15, capped: 0, excess: 15 * 0.4 };
    const calibration = { ...learnt, rehearsal: { ...rehearsal, streams: { ...rehearsal.streams, s2: noisy } } };
    const shifted = (card: Calibration): number[] => {
      const decider = make({ options, calibration: card });
      return sensors.map((_, slot) => {
        decider.open(slot, `s${slot}`);
        const sensor = new Sensor(slot, 70 + slot);
        sensor.run(decider, 100);
        sensor.shift = 3.5;
        return sensor.run(decider, 6);
      });
    };
    expect(shifted(learnt)).toEqual([1, 1, 1, 1, 1]);
    expect(shifted(calibration)).toEqual([1, 1, 0, 1, 1]);
  });

  it('takes another wish from the same card, without learning again', () => {
    const calibration = calibrate([new Sensor(0, 80)], { alertsPerWeek: 1 });
    const rates = [0.2, 1, 7].map((alertsPerWeek) => {
      // The same weeks every time.
      return alertsAWeek([new Sensor(0, 81)], { options: { alertsPerWeek }, calibration }, 20)[0];
    });
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(rates[0]).toBeLessThan(rates[2] / 3);
  });

  it('writes into the card what it found, of how much data, and how sure it is', () => {
    const { rehearsal, threshold } = calibrate([new Sensor(0, 90)], { alertsPerWeek: 1 });
    expect(rehearsal).toMatchObject({ heldOut: true, minDurationUs: 3 * STEP_US, coolDownUs: 100 * STEP_US });
    expect(threshold?.from).toMatchObject({ heldOut: true, rows: 404 });
    expect(threshold?.from.hours).toBeCloseTo(404 / 12, 9);
    const own = threshold?.streams['s0'];
    expect(own?.ratePerWeek.expected).toBeCloseTo(1, 9);
    expect(own?.ratePerWeek.low).toBeLessThan(1);
    expect(own?.ratePerWeek.high).toBeGreaterThan(1);
    expect(own?.closeScore).toBeCloseTo(0.625 * (own?.openScore ?? NaN), 12);
    expect(calibrate([new Sensor(0, 90)], {}).threshold).toBeUndefined();
  });

  it('counts the time in which nothing can be raised: with long cool-downs the opening score is lower', () => {
    expect(foundWith(7, 0)?.openScore).toBeGreaterThan((foundWith(7, 140)?.openScore ?? NaN) + 0.02);
    expect(foundWith(7, 140)?.ratePerWeek.expected).toBeCloseTo(7, 9);
    // Of 290 steps there are not seven in a week, and the most that is asked for is three quarters of them.
    expect(foundWith(7, 280)?.ratePerWeek.expected).toBeCloseTo((0.75 * WEEK) / 290, 9);
  });

  it('says when no opening score can fulfil the wish', () => {
    const log = new RecordingLog();
    const decider = make({ options: { alertsPerWeek: 10_000 }, learnOnly: true }, log);
    decider.open(0, 's0');
    decider.rehearse(0);
    new Sensor(0, 95).run(decider, 1000);
    const { threshold } = decider.rehearsed(true);
    // An incident ends after 10 steps of calm and cools down for 100; that fills three quarters of a week 13.7 times.
    expect(threshold?.streams['s0'].ratePerWeek.expected).toBeCloseTo((0.75 * WEEK) / 110, 9);
    expect(threshold?.streams['s0'].openScore).toBeLessThan(0.2);
    expect(log.lines).toEqual([expect.stringContaining('warn no opening score gives as many alerts as wished')]);
  });

  it('refuses a card that does not say how often there would be alerts', () => {
    const { rehearsal: _, ...former } = calibrate([new Sensor(0, 96)], {});
    const other = { ...calibrate([new Sensor(0, 96)], {}), decider: 'anomaly/0' };
    for (const calibration of [former, other]) {
      expect(() => make({ options: { alertsPerWeek: 1 }, calibration })).toThrow(
        expect.objectContaining({ code: 'CARD_MISMATCH', hint: expect.stringContaining('train it again') as unknown }),
      );
      make({ options: {}, calibration });
    }
  });

  it('tells that alerts were counted by other rules', () => {
    const calibration = calibrate([new Sensor(0, 97)], {});
    const log = new RecordingLog();
    make({ options: { alertsPerWeek: 1, coolDownMs: 0 }, calibration }, log);
    expect(log.lines).toEqual([
      expect.stringMatching(/^warn these rules are not those .*"rules":\["coolDownMs"\]/),
      expect.stringMatching(/^info opening scores .*"alertsPerWeek":1,"least":0\.\d+,"most":0\.\d+,"streams":1,/),
    ]);
  });

  it('stands in place of written scores', () => {
    for (const written of [{ openScore: 0.4 }, { closeScore: 0.2 }]) {
      const parsed = anomalyKind.schema.safeParse({ kind: 'anomaly', alertsPerWeek: 1, ...written });
      expect(parsed.error?.issues).toMatchObject([{ path: Object.keys(written) }]);
    }
    for (const wrong of [0, -1, 20_000, 'often']) {
      expect(anomalyKind.schema.safeParse({ kind: 'anomaly', alertsPerWeek: wrong }).success).toBe(false);
    }
  });
});
