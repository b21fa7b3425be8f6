import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discover, isWatchable, type Heard } from '../../../src/config/discovery/discover.js';
import { configText, proposeStepMs } from '../../../src/config/discovery/proposal.js';
import { parseConfig } from '../../../src/config/load.js';
import { TopicTemplate } from '../../../src/core/topic.js';
import { stageContext } from '../../support/stages.js';

const START_US = Date.UTC(2026, 4, 1) * 1000;
const encoder = new TextEncoder();

function message(topic: string, payload: unknown, seconds: number): Heard {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return { topic, bytes: encoder.encode(text), arrivedUs: START_US + seconds * 1e6 };
}

function sometimesNan(tick: number, every: number): unknown {
  return tick % every === 0 ? 'nan' : tick;
}

function kept(heard: Heard): Heard {
  return { ...heard, retained: true };
}

/** `ticks` messages of every topic, `periodSeconds` apart. */
function publish(
  topics: readonly string[],
  payload: (tick: number, topic: string) => unknown,
  periodSeconds = 1,
  ticks = 10,
): Heard[] {
  return Array.from({ length: ticks }, (_, tick) =>
    topics.map((topic) => message(topic, payload(tick, topic), tick * periodSeconds)),
  ).flat();
}

/** All topics of the form, such as `factory/{1..3}/x`. */
function factory(devices: number, channels: readonly string[]): string[] {
  return Array.from({ length: devices }, (_, i) => channels.map((name) => `factory/pump${i + 1}/${name}`)).flat();
}

describe('topics', () => {
  it('of numbers become {device}/{channel}', () => {
    const [group] = discover(publish(factory(3, ['temperature', 'vibration']), (tick) => String(20 + tick))).groups;
    expect(group).toMatchObject({
      template: 'factory/{device}/{channel}',
      payload: 'number',
      messages: 60,
      intervalMs: 1000,
      decode: { kind: 'number' },
    });
    expect(group.channels.map(({ name }) => name)).toEqual(['temperature', 'vibration']);
  });

  it.each([
    ['a lone topic', ['home/temperature'], 'home/temperature', ['temperature']],
    [
      'several quantities of one place',
      ['home/temperature', 'home/humidity'],
      'home/{channel}',
      ['temperature', 'humidity'],
    ],
    ['numbered devices', ['sensors/a1', 'sensors/a2'], 'sensors/{device}', ['value']],
    ['places of one quantity', ['hall/temperature', 'yard/temperature'], '{device}/temperature', ['temperature']],
    [
      'sites of devices of quantities',
      ['n/p1/t', 's/p1/t', 'n/p2/t', 'n/p1/v'],
      '{area}/{device}/{channel}',
      ['t', 'v'],
    ],
  ])('of %s', (_, topics, template, channels) => {
    const { groups } = discover(publish(topics, (tick) => String(tick)));
    expect(groups).toHaveLength(1);
    expect(groups[0].template).toBe(template);
    expect(groups[0].channels.map(({ name }) => name)).toEqual(channels);
    const fits = new TopicTemplate(template);
    for (const topic of topics) expect(fits.route(topic)).toBeDefined();
  });

  it('of different shapes are different groups, those with numbers first', () => {
    const { groups } = discover([
      ...publish(factory(2, ['status']), () => 'online', 1, 40),
      ...publish(factory(2, ['data']), (tick) => ({ temperature: tick, pressure: 3 })),
      ...publish(factory(2, ['config']), () => ({ firmware: '1.2', uptime: 4, boots: 3, heap: 1 })),
    ]);
    expect(groups.map(({ template, payload }) => `${template} ${payload}`)).toEqual([
      'factory/{device}/data json',
      'factory/{device}/config json',
      'factory/{device}/status other',
    ]);
    expect(groups.map((group) => isWatchable(group))).toEqual([true, true, false]);
  });

  it('of more devices come first, however much another one talks; what the broker has kept says nothing of when', () => {
    const air = factory(3, ['air']);
    const { groups } = discover([
      ...publish(factory(9, ['config']), () => ({ min: 1, max: 2 }), 0, 1).map(kept),
      ...air.map((topic) => kept(message(topic, { temperature: 3, battery: 9 }, 0))),
      ...publish(air, (tick) => ({ temperature: tick, battery: 9 }), 20, 3),
      ...publish(['plug'], (tick) => ({ power: tick, voltage: 230 }), 1, 100),
    ]);
    expect(groups.map(({ template, alive, intervalMs }) => [template, alive, intervalMs])).toEqual([
      ['factory/{device}/air', 3, 20_000],
      ['plug', 1, 1000],
      ['factory/{device}/config', 0, undefined],
    ]);
  });

  it('with a value in an object each name the channel and the value field', () => {
    const topics = factory(2, ['temperature', 'flow']);
    const [group] = discover(publish(topics, (tick) => ({ v: tick, unit: 'x' }))).groups;
    expect(group.template).toBe('factory/{device}/{channel}');
    expect(group.decode).toEqual({ kind: 'json', valueField: 'v' });
  });
});

describe('fields', () => {
  it('are told apart: time, sequence, stream, measured', () => {
    const [group] = discover(
      publish(['plant'], (tick) => ({
        ts: START_US / 1e6 + tick,
        seq: tick + 7,
        device: `d${tick % 2}`,
        data: { temp: 20 + tick, 'odd.name': 5 },
        list: [tick, 2],
        ok: true,
      })),
    ).groups;
    expect(group.decode).toEqual({
      kind: 'json',
      channels: {
        'data.temp': 'data.temp',
        'data["odd.name"]': 'data["odd.name"]',
        'list[0]': 'list[0]',
        'list[1]': 'list[1]',
      },
      time: { field: 'ts', format: 's' },
      sequenceField: 'seq',
      streamField: 'device',
    });
    expect(group.channels.map(({ varies }) => varies)).toEqual([true, false, true, false]);
  });

  it.each([
    ['ISO text', (tick: number) => new Date(START_US / 1000 + tick * 1000).toISOString(), 'iso'],
    ['milliseconds', (tick: number) => START_US / 1000 + tick * 1000, 'ms'],
    ['microseconds', (tick: number) => START_US + tick * 1e6, 'us'],
  ])('recognise time as %s', (_, at, format) => {
    const [group] = discover(publish(['a'], (tick) => ({ stamp: at(tick), x: tick }))).groups;
    expect(group.decode).toMatchObject({ time: { field: 'stamp', format } });
  });

  it('are measured although they are nan now and then', () => {
    const heard = publish(['a'], (tick) => ({ seldom: sometimesNan(tick, 10), often: sometimesNan(tick, 2), x: tick }));
    const [group] = discover(heard).groups;
    expect(group.channels).toEqual([
      { name: 'seldom', path: 'seldom', example: 1, varies: true },
      { name: 'x', path: 'x', example: 0, varies: true },
    ]);
    const topics = discover(publish(factory(2, ['t', 'v']), (tick) => ({ value: sometimesNan(tick, 10) }))).groups[0];
    expect(topics.channels).toEqual(['t', 'v'].map((name) => ({ name, example: 1, varies: true })));
  });

  it('do not take a large counter for a time, nor a number that stays for a sequence', () => {
    const [group] = discover(publish(['a'], (tick) => ({ energy: 1_500_000_000 + tick, counter: 5, x: tick }))).groups;
    expect(group.channels.map(({ name }) => name)).toEqual(['energy', 'counter', 'x']);
    expect(group.decode).toEqual({ kind: 'json', channels: { energy: 'energy', counter: 'counter', x: 'x' } });
  });
});

describe('the time step', () => {
  it('is the next round number above the slowest channel', () => {
    const heard = [
      ...publish(['m/p1/fast', 'm/p2/fast'], String, 0.25, 40),
      ...publish(['m/p1/slow', 'm/p2/slow'], String, 1.93, 6),
    ];
    const [group] = discover(heard.toSorted((a, b) => a.arrivedUs - b.arrivedUs)).groups;
    expect(group.intervalMs).toBe(1930);
    expect(proposeStepMs(group.intervalMs, 10_000)).toBe(2000);
  });

  it('tolerates jitter and says when it had to guess', async () => {
    expect([1040, 1001, 950, 250, 9, 7.2e6].map((interval) => proposeStepMs(interval, 1))).toEqual([
      1000, 1000, 1000, 250, 10, 3_600_000,
    ]);
    const [group] = discover(publish(['a/b'], String, 20, 2)).groups;
    expect(group.intervalMs).toBeUndefined();
    const text = isWatchable(group) ? configText(group, { url: 'mqtt://h' }, 20_000) : '';
    expect(text).toContain('A guess');
    expect((await parseConfig(text, '/x/a.yaml', 'a.yaml')).align.stepMs).toBe(20_000);
  });
});

it('the proposed decoder reads every message into the proposed channels', async () => {
  const feeds: Heard[][] = [
    publish(factory(3, ['temperature', 'vibration']), (tick) => `${tick} °C`),
    publish(factory(3, ['flow', 'rpm']), (tick) => ({ v: tick, at: new Date(START_US / 1000 + tick).toISOString() })),
    publish(['plant/a', 'plant/b'], (tick) => ({
      ts: START_US / 1e6 + tick,
      seq: tick,
      d: { t: 1, 'o.dd': tick },
      l: [1],
    })),
    publish(['all'], (tick) => [{ device: `d${tick % 3}`, x: tick }]),
  ];
  for (const heard of feeds) {
    const discovery = discover(heard);
    const group = discovery.groups.find(isWatchable);
    if (group === undefined) throw new Error('nothing to watch');
    const text = configText(group, { url: 'mqtt://localhost' }, discovery.spanMs);
    const config = await parseConfig(text, '/tmp/x.yaml', 'x.yaml');
    const context = stageContext();
    const decoder = config.decode.create(context);
    const template = new TopicTemplate(group.template);
    const channels = new Set<string>();
    let frames = 0;
    heard.forEach(({ topic, bytes, arrivedUs }, i) => {
      const route = template.route(topic) ?? { stream: 'does not fit' };
      decoder.decode({ source: 0, seq: i + 1, topic, route, bytes, arrivedUs }, (frame) => {
        frames++;
        if (frame.signal.kind === 'channels') for (const name of frame.signal.names) channels.add(name);
      });
    });
    expect(context.counters.toJSON()).toEqual({});
    expect(frames).toBe(heard.length);
    expect([...channels].toSorted()).toEqual(config.align.channels?.map(({ name }) => name).toSorted());
  }
});

it('the proposal loads and its template fits every topic, whatever the topics and payloads', async () => {
  const level = fc.string({ minLength: 1, maxLength: 6 }).map((text) => text.replaceAll(/[/+#$\0]/g, '_'));
  const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
  const payload = fc.oneof(fc.json(), fc.double({ noNaN: true }).map(String), fc.string());
  const heard = fc.array(fc.tuple(topic, payload), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(heard, async (pairs) => {
      const discovery = discover(pairs.map(([name, text], i) => message(name, text, i)));
      expect(discovery.groups.reduce((sum, { messages }) => sum + messages, 0)).toBe(pairs.length);
      for (const group of discovery.groups.filter((one) => isWatchable(one))) {
        const text = configText(group, { url: 'mqtt://localhost' }, discovery.spanMs);
        const config = await parseConfig(text, '/tmp/x.yaml', 'x.yaml');
        expect(config.align.channels?.map(({ name }) => name)).toEqual(group.channels.map(({ name }) => name));
        const template = new TopicTemplate(group.template);
        for (const name of group.topics) expect(template.route(name)).toBeDefined();
      }
    }),
    { numRuns: 200 },
  );
});
