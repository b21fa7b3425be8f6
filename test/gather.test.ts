import { describe, expect, it } from 'vitest';
import { alignSchema } from '../src/core/alignment.js';
import { Counters } from '../src/core/counters.js';
import { Gatherer } from '../src/gather.js';
import { columnsOf } from './train/series-of.js';
import { readingOf } from './support/readings.js';

const S = 1_000_000;
const START = 1_700_000_000 * S;

function gatherer(options: object = {}, counters = new Counters(), maxStreams = 10): Gatherer {
  return new Gatherer(alignSchema.parse(options), maxStreams, counters);
}

describe('gathering', () => {
  it('finds the channels in the order in which they first come', () => {
    const gathering = gatherer();
    gathering.push([readingOf(START, { b: 1 }), readingOf(START + S / 2, { a: 2, b: 3 })]);
    gathering.push([readingOf(START + S, { c: 4 })]);
    const { channels, series } = gathering.finish();
    expect(channels.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
    const { values, mask } = columnsOf(series[0]);
    expect([...values.subarray(0, 2)]).toEqual([2, 2]);
    expect([...mask]).toEqual([1, 1, 0, 0, 0, 1]);
  });

  it('settles on the channels after enough readings, and counts those that come later', () => {
    const counters = new Counters();
    const gathering = gatherer({}, counters);
    for (let i = 0; i < 2000; i++) gathering.push([readingOf(START + i * S, { a: i })]);
    gathering.push([readingOf(START + 2000 * S, { a: 1, late: 1 })]);
    expect(gathering.finish().channels.map(({ name }) => name)).toEqual(['a']);
    expect(counters.get('align.unknown-channel')).toBe(1);
  });

  it('takes the channels of the configuration, with their order and aggregates', () => {
    const gathering = gatherer({ channels: [{ name: 'x', aggregate: 'sum' }] });
    gathering.push([readingOf(START, { x: 1 }), readingOf(START + S / 4, { x: 2 }), readingOf(START + S, { x: 5 })]);
    const { channels, series } = gathering.finish();
    expect(channels).toEqual([{ name: 'x', aggregate: 'sum', noiseFloor: 0 }]);
    expect([...columnsOf(series[0]).values]).toEqual([3, 5]);
  });

  it('keeps a series a stream, up to the limit of streams', () => {
    const counters = new Counters();
    const gathering = gatherer({ channels: [{ name: 'x' }] }, counters, 2);
    for (const stream of ['one', 'two', 'three']) gathering.push([readingOf(START, { x: 1 }, { stream })]);
    expect(gathering.finish().series.map(({ stream }) => stream)).toEqual(['one', 'three', 'two']);
    expect(counters.get('step.evicted')).toBe(1);
  });

  it('says that there was nothing', () => {
    expect(() => gatherer().finish()).toThrow(expect.objectContaining({ code: 'DATA_TOO_SHORT' }));
  });
});
