import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { BugError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import type { ModelCard, Objective } from '../../src/core/card.js';
import type { ChannelForecast, IncidentEvent, KiokuEvent } from '../../src/core/events.js';
import { type AnomalyDecider, anomalyKind } from '../../src/decide/anomaly.js';
import { CALIBRATION_VERSION } from '../../src/decide/calibration.js';
import { deciderContract } from '../contracts/decider.contract.js';
import { RecordingLog } from '../support/stages.js';
import { normals, uniforms } from './signals.js';
import { STEP_US, START_US, cardOf, rowOf } from './watch.js';

interface Parts {
  readonly channels?: number;
  readonly capacity?: number;
  readonly objective?: Objective;
  readonly calibration?: ModelCard['calibration'];
  readonly options?: Record<string, unknown>;
}

const counters = new Counters();

function make(parts: Parts = {}, log = silentLog): AnomalyDecider {
  return anomalyKind.create(anomalyKind.schema.parse({ kind: 'anomaly', ...parts.options }), {
    name: 'test',
    baseDir: '/',
    counters,
    log,
    card: cardOf(parts.channels ?? 1, parts.objective ?? 'mse', parts.calibration),
    capacity: parts.capacity ?? 2,
    provider: 'test/cpu',
    // A hundred units to a spread, centre 20.
    scaler: { toUnits: (_slot, _channel, z) => 20 + 100 * z },
  });
}

/** One channel in slot 0, forecasts of 0, values from `value(t)`; steps on from where it was. */
class Feed {
  readonly events: KiokuEvent[] = [];
  readonly row = rowOf(1);
  readonly output = new Float32Array(1);
  t = 0;

  constructor(readonly decider: AnomalyDecider) {}

  run(steps: number, value: (t: number) => number): this {
    for (let i = 0; i < steps; i++, this.t++) {
      this.row.us[0] = START_US + this.t * STEP_US;
      this.row.data[0] = value(this.t);
      this.decider.push(this.output, this.row, (event) => this.events.push(event));
      this.row.gap[0] = 0;
    }
    return this;
  }

  get phases(): string[] {
    return this.incidents.map(({ phase, reason }) => `${phase} ${reason}`);
  }

  get incidents(): IncidentEvent[] {
    return this.events.filter((event) => event.type === 'incident');
  }
}

function opened(parts: Parts = {}): Feed {
  const decider = make(parts);
  decider.open(0, 'plant/pump');
  return new Feed(decider);
}

/** What was said with each score of what was expected. */
function told({ events }: Feed): (readonly ChannelForecast[] | undefined)[] {
  return events.flatMap((event) => (event.type === 'score' ? [event.channels] : []));
}

const normal = normals(uniforms(1));
const calm = (): number => normal();
const high = (): number => 12 + normal();
const spike = (t: number): number => (t === 1000 ? 14 : normal());

deciderContract('anomaly', () => make({ channels: 3, capacity: 4 }), 3);
deciderContract('anomaly, gaussian', () => make({ channels: 3, capacity: 4, objective: 'gaussian' }), 3);

describe('anomaly decider', () => {
  it('raises one incident for a shift, with the channel in its own unit, and ends it', () => {
    const feed = opened().run(1000, calm).run(40, high).run(60, calm);
    expect(feed.phases.filter((phase) => phase !== 'update anomaly')).toEqual(['new anomaly', 'end anomaly']);
    const [first] = feed.incidents;
    const last = feed.incidents.at(-1);
    expect(first).toMatchObject({ stream: 'plant/pump', channels: [{ name: 'c0', view: 'level', expected: 20 }] });
    expect(first.channels[0].observed).toBeGreaterThan(900);
    expect(first.us - (START_US + 1000 * STEP_US)).toBeLessThanOrEqual(5 * STEP_US);
    expect(new Set(feed.incidents.map(({ id }) => id)).size).toBe(1);
    expect(last?.sinceUs).toBe(first.sinceUs);
    expect(last?.score).toBeGreaterThanOrEqual(first.score);
  });

  it('finds a spike of one row where nothing has to last, and not where it has to', () => {
    expect(
      opened({ options: { minDurationMs: 0 } })
        .run(1000, calm)
        .run(50, spike).phases[0],
    ).toBe('new anomaly');
    const lasting = opened().run(1000, calm).run(50, spike);
    expect(lasting.incidents.filter(({ channels }) => channels[0].view === 'level')).toEqual([]);
  });

  it('raises nothing before the warm-up is over, nor while it only learns', () => {
    expect(opened().run(250, calm).run(40, high).events).toEqual([]);
    const feed = opened().run(1000, calm);
    feed.decider.learnOnly = true;
    expect(feed.run(40, high).events).toEqual([]);
  });

  it('neither judges nor learns rows that are not settled, nor channels that are missing', () => {
    for (const off of [(feed: Feed) => feed.row.settled.fill(0), (feed: Feed) => feed.row.mask.fill(0)]) {
      const feed = opened().run(1000, calm);
      off(feed);
      expect(feed.run(100, high).events).toEqual([]);
      feed.row.settled.fill(1);
      feed.row.mask.fill(1);
      expect(feed.run(10, high).phases[0]).toBe('new anomaly');
    }
  });

  it('watches channels that are heard less often than once a step as well', () => {
    for (const every of [2, 3, 7]) {
      const feed = opened();
      const rows = (n: number, value: () => number): Feed => {
        for (let i = 0; i < n; i++) {
          feed.row.mask[0] = i % every === 0 ? 1 : 0;
          feed.run(1, value);
        }
        return feed;
      };
      rows(2000 * every, calm);
      expect(feed.phases.length).toBeLessThanOrEqual(2);
      feed.events.length = 0;
      rows(20 * every, high);
      rows(60 * every, calm);
      expect(feed.phases.filter((phase) => !phase.startsWith('update'))).toEqual(['new anomaly', 'end anomaly']);
    }
  });

  it('ends an incident although the channel that caused it is never heard again', () => {
    const parts = { channels: 2, options: { adoptAfterMs: 0 } };
    const decider = make(parts);
    decider.open(0, 'plant/pump');
    const phases: string[] = [];
    const row = rowOf(2);
    for (let t = 0; t < 2000; t++) {
      row.us[0] = START_US + t * STEP_US;
      row.data.set([t < 1000 ? calm() : high(), calm()]);
      row.mask[0] = t < 1010 ? 1 : 0;
      decider.push(new Float32Array(2), row, (event) => {
        if (event.type === 'incident' && event.phase !== 'update') phases.push(`${event.phase} ${t > 1100}`);
      });
    }
    expect(phases).toEqual(['new false', 'end true']);
  });

  it('learns nothing from rows in which nothing was observed', () => {
    const feed = opened();
    feed.row.mask.fill(0);
    feed.run(1000, calm);
    feed.row.mask.fill(1);
    expect(feed.run(40, high).events).toEqual([]);
  });

  it('gives two incidents two ids although a device without a clock lives through the same time twice', () => {
    const feed = opened({ options: { minDurationMs: 0 } });
    const day = (): void => {
      feed.t = 0;
      feed.row.gap[0] = 1;
      feed
        .run(1000, calm)
        .run(40, () => 40 + normal())
        .run(60, calm);
    };
    day();
    day();
    const faultUs = START_US + 1000 * STEP_US;
    const begun = feed.incidents.filter(({ phase, sinceUs }) => phase === 'new' && sinceUs === faultUs);
    expect(begun).toHaveLength(2);
    expect(begun[0].id).not.toBe(begun[1].id);
  });

  it('does not trust forecasts just after a gap', () => {
    const wrong = opened({ options: { settleSteps: 8 } }).run(1000, calm);
    wrong.row.gap[0] = 1;
    wrong.output[0] = 2.9;
    expect(wrong.run(8, calm).events).toEqual([]);
    expect(wrong.run(60, calm).incidents[0]?.channels[0].view).not.toBe('level');
  });

  it('adopts a new level as normal and is quiet about it from then on', () => {
    const feed = opened({ options: { adoptAfterMs: 200_000 } })
      .run(1000, calm)
      .run(2000, high);
    expect(feed.phases.filter((phase) => !phase.startsWith('update'))).toEqual(['new anomaly', 'end new-normal']);
    expect(feed.incidents.at(-1)?.id).toBe(feed.incidents[0].id);
    expect(feed.run(20, () => 40 + normal()).phases.at(-1)).toBe('new anomaly');
  });

  it('does not learn a fault while it lasts', () => {
    const feed = opened().run(1000, calm);
    for (let time = 0; time < 2; time++) feed.run(400, high).run(1000, calm);
    expect(feed.phases.filter((phase) => phase.startsWith('new'))).toHaveLength(2);
    expect(feed.phases.filter((phase) => phase === 'end anomaly')).toHaveLength(2);
    const again = feed.incidents.findLast(({ phase }) => phase === 'new');
    expect((again?.us ?? Infinity) - (START_US + 2400 * STEP_US)).toBeLessThanOrEqual(20 * STEP_US);
  });

  it('tells of the silence of a stream that learns anew', () => {
    const feed = opened({ options: { adoptAfterMs: 200_000 } })
      .run(1000, calm)
      .run(250, high);
    expect(feed.phases.at(-1)).toBe('end new-normal');
    feed.decider.silence(0, 20, START_US + 1270 * STEP_US, (event) => feed.events.push(event));
    expect(feed.phases.at(-1)).toBe('new silent');
  });

  it('reports silence once and its end, at the latest with the next row', () => {
    const feed = opened().run(400, calm);
    const emit = (event: KiokuEvent): void => void feed.events.push(event);
    for (let steps = 1; steps <= 30; steps++) feed.decider.silence(0, steps, START_US + (400 + steps) * STEP_US, emit);
    expect(feed.phases).toEqual(['new silent']);
    expect(feed.incidents[0]).toMatchObject({ severity: 'warning', sinceUs: START_US + 400 * STEP_US, channels: [] });
    feed.t += 30;
    feed.run(1, calm);
    expect(feed.phases).toEqual(['new silent', 'end silent']);
    expect(feed.incidents[1].id).toBe(feed.incidents[0].id);
  });

  it('says nothing of the silence of a stream that it hardly knows', () => {
    const feed = opened().run(100, calm);
    const emit = (event: KiokuEvent): void => void feed.events.push(event);
    for (let steps = 1; steps <= 30; steps++) feed.decider.silence(0, steps, START_US + (100 + steps) * STEP_US, emit);
    expect(feed.phases).toEqual([]);
  });

  it('ends whatever is open when the stream leaves', () => {
    const feed = opened().run(1000, calm).run(10, high);
    const emit = (event: KiokuEvent): void => void feed.events.push(event);
    feed.decider.silence(0, 20, START_US + 1030 * STEP_US, emit);
    feed.decider.end(0, START_US + 1031 * STEP_US, emit);
    feed.decider.end(0, START_US + 1032 * STEP_US, emit);
    expect(feed.phases.filter((phase) => phase.startsWith('end'))).toEqual(['end silent', 'end anomaly']);
  });

  it('emits a score a row when asked', () => {
    const feed = opened({ options: { scores: true } }).run(310, calm);
    expect(feed.events.length).toBe(10);
    expect(new Set(feed.events.map(({ id }) => id)).size).toBe(10);
  });

  it('says with a score what was expected, when asked, of channels that came and could be foretold', () => {
    expect(told(opened({ options: { scores: true } }).run(301, calm))).toEqual([undefined]);
    const options = { scores: true, forecasts: true };
    const feed = opened({ options });
    feed.output[0] = 2;
    // The error is 2 or −2 for ever, so that its variance is 4 and the band ± 1.96 · 2 spreads of 100 units.
    const forecast = {
      name: 'c0',
      observed: 20,
      expected: 220,
      low: expect.closeTo(-172, 0),
      high: expect.closeTo(612, 0),
    };
    expect(told(feed.run(302, (t) => 4 * (t % 2)))).toEqual([[forecast], [{ ...forecast, observed: 420 }]]);
    feed.row.gap[0] = 1;
    expect(told(feed.run(10, calm)).map((channels) => channels?.length)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    feed.row.mask[0] = 0;
    expect(told(feed.run(1, calm)).at(-1)).toEqual([]);
  });

  it('foretells a band as wide as the net says', () => {
    const decider = make({ objective: 'gaussian', options: { scores: true, forecasts: true } });
    decider.open(0, 'plant/pump');
    const row = rowOf(1);
    const output = Float32Array.of(-1, Math.log(0.25));
    const events: KiokuEvent[] = [];
    for (let t = 0; t < 301; t++) {
      row.us[0] = START_US + t * STEP_US;
      decider.push(output, row, (event) => void events.push(event));
    }
    // A deviation of half a spread.
    const band = { expected: -80, low: expect.closeTo(-178, 0), high: expect.closeTo(18, 0) };
    expect(events).toEqual([expect.objectContaining({ channels: [expect.objectContaining(band)] })]);
  });

  it('counts forecasts that are no numbers, and goes on with the level', () => {
    const feed = opened();
    feed.output[0] = NaN;
    const before = counters.get('decide.forecast-not-finite');
    expect(feed.run(1000, calm).run(10, high).phases[0]).toBe('new anomaly');
    expect(counters.get('decide.forecast-not-finite')).toBe(before + 1010);
  });

  it('goes on from a saved slot exactly as if nothing had happened, open incidents included', () => {
    const uniform = uniforms(3);
    const values = Array.from({ length: 1200 }, (_, t) => (t > 600 && t % 250 < 40 ? high() : calm() * uniform()));
    const whole = opened().run(1200, (t) => values[t]);
    expect(whole.incidents.length).toBeGreaterThan(2);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1199 }), (at) => {
        const first = opened().run(at, (t) => values[t]);
        const second = new Feed(make());
        second.decider.open(0, 'plant/pump');
        second.decider.load(0, first.decider.save(0));
        second.t = at;
        second.run(1200 - at, (t) => values[t]);
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.decider.save(0)).toEqual(whole.decider.save(0));
      }),
      { numRuns: 30, examples: [[770], [752]] },
    );
  });

  it('needs at most 256 bytes a stream and channel', () => {
    for (const channels of [1, 2, 10]) {
      const decider = make({ channels });
      decider.open(0, 'x');
      expect(decider.save(0).length - 1).toBeLessThanOrEqual(256 * channels);
    }
  });

  it('gives the memory of streams back that have left, and each stream its own again', () => {
    const decider = make({ capacity: 1024 });
    const before = process.memoryUsage().arrayBuffers;
    for (let slot = 0; slot < 1024; slot++) decider.open(slot, `plant/pump-${slot}`);
    const full = process.memoryUsage().arrayBuffers;
    expect(full - before).toBeGreaterThanOrEqual(1024 * 256);
    for (let slot = 1; slot < 1024; slot++) decider.leave(slot);
    decider.leave(1023);
    expect(() => decider.save(700)).toThrow(BugError);
    const feed = new Feed(decider).run(1000, calm).run(40, high);
    decider.open(700, 'plant/other');
    expect(feed.run(60, calm).phases.at(-1)).toBe('end anomaly');
    expect(new Set(feed.events.map(({ stream }) => stream))).toEqual(new Set(['plant/pump-0']));
  });

  it('begins where the training left a stream, without its short-term memory', () => {
    const learnt = opened();
    learnt.decider.learnOnly = true;
    learnt.run(240, calm);
    const streams = { 'plant/pump': Buffer.from(learnt.decider.save(0)).toString('base64') };
    const calibration = { decider: CALIBRATION_VERSION, streams };
    expect(opened({ calibration }).run(20, high).phases[0]).toBe('new anomaly');
    const log = new RecordingLog();
    const stranger = make({ calibration }, log);
    stranger.open(0, 'plant/other');
    expect(new Feed(stranger).run(20, high).events).toEqual([]);
    expect(log.lines).toEqual([expect.stringMatching(/^info the model has not learnt this stream.*plant\/other/)]);
    const learning = make({}, log);
    learning.learnOnly = true;
    learning.open(0, 'plant/pump');
    new Feed(learning).run(20, high);
    expect(log.lines).toHaveLength(1);
  });

  it('warms up when the calibration is of another version, and refuses a damaged one', () => {
    const log = new RecordingLog();
    const decider = make({ calibration: { decider: 'anomaly/0', streams: { 'plant/pump': '' } } }, log);
    decider.open(0, 'plant/pump');
    expect(new Feed(decider).run(40, high).events).toEqual([]);
    expect(log.lines.join()).toContain('another version');
    const damaged = { decider: CALIBRATION_VERSION, streams: { 'plant/pump': 'AAAA' } };
    expect(() => make({ calibration: damaged })).toThrow(expect.objectContaining({ code: 'CARD_MISMATCH' }));
  });

  it('refuses forecasts where there are no scores to say them with', () => {
    expect(() => make({ options: { forecasts: true } })).toThrow('needs `scores: true`');
  });

  it('refuses a closing score that is not below the opening score', () => {
    const wrong = { options: { openScore: 0.3, closeScore: 0.3 } };
    expect(() => make(wrong)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
