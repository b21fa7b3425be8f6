import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { type Letter, Outbox } from '../../src/sink/outbox.js';

function letter(type: Letter['type'], payload: string, settled = (): void => {}, topic = 't'): Letter {
  return { type, topic, payload, settled };
}

function drain(outbox: Outbox): string[] {
  const all: string[] = [];
  for (let next = outbox.next(); next !== undefined; next = outbox.next()) all.push(next.payload);
  return all;
}

describe('a full outbox', () => {
  it('drops scores before incidents, the oldest first', () => {
    const counters = new Counters();
    const outbox = new Outbox(3, counters);
    for (const name of ['s1', 's2', 's3', 's4']) outbox.add(letter('score', name));
    for (const name of ['i1', 'i2']) outbox.add(letter('incident', name));
    expect(counters.toJSON()).toEqual({ 'sink.score-dropped': 3 });
    for (const name of ['i3', 'i4']) outbox.add(letter('incident', name));
    outbox.add(letter('score', 's5'));
    expect(counters.toJSON()).toEqual({ 'sink.incident-dropped': 1, 'sink.score-dropped': 5 });
    expect(drain(outbox)).toEqual(['i2', 'i3', 'i4']);
  });

  it('never holds more than its capacity, and settles exactly what it counts as dropped', () => {
    const kinds = array(constantFrom<Letter['type']>('incident', 'score'), { maxLength: 60 });
    assert(
      property(kinds, integer({ min: 1, max: 10 }), (added, capacity) => {
        const counters = new Counters();
        const outbox = new Outbox(capacity, counters);
        let settled = 0;
        for (const kind of added) {
          outbox.add(letter(kind, kind, () => (settled += 1)));
          expect(outbox.length).toBeLessThanOrEqual(capacity);
        }
        expect(settled).toBe(added.length - outbox.length);
        expect(counters.get('sink.incident-dropped') + counters.get('sink.score-dropped')).toBe(settled);
        const incidents = added.filter((kind) => kind === 'incident').length;
        expect(drain(outbox).filter((kind) => kind === 'incident')).toHaveLength(Math.min(capacity, incidents));
      }),
    );
  });
});

it('sends incidents first, and what came back before everything else', () => {
  const outbox = new Outbox(10, new Counters());
  outbox.add(letter('score', 's'));
  outbox.add(letter('incident', 'i1'));
  outbox.add(letter('incident', 'i2'));
  const first = outbox.next();
  if (first !== undefined) outbox.putBack(first);
  expect(drain(outbox)).toEqual(['i1', 'i2', 's']);
});

describe('partial transcripts', () => {
  it('give way to what comes after them on the same topic, which is no loss', () => {
    const counters = new Counters();
    const outbox = new Outbox(10, counters);
    let settled = 0;
    const count = (): void => void (settled += 1);
    outbox.add(letter('score', 's'));
    outbox.add(letter('partial', 'p1', count, 'a'));
    outbox.add(letter('partial', 'q1', count, 'b'));
    outbox.add(letter('partial', 'p2', count, 'a'));
    expect(settled).toBe(1);
    outbox.add(letter('final', 'f', count, 'a'));
    expect(settled).toBe(2);
    expect(drain(outbox)).toEqual(['f', 's', 'q1']);
    expect(counters.toJSON()).toEqual({});
  });

  it('are dropped before what lasts, and never come back after their final', () => {
    const counters = new Counters();
    const outbox = new Outbox(2, counters);
    outbox.add(letter('partial', 'p', undefined, 'a'));
    outbox.add(letter('speech-start', 'v'));
    outbox.add(letter('endpoint', 'e'));
    expect(counters.toJSON()).toEqual({ 'sink.partial-dropped': 1 });
    expect(drain(outbox)).toEqual(['v', 'e']);
    outbox.putBack(letter('partial', 'p'));
    expect(drain(outbox)).toEqual([]);
    expect(counters.toJSON()).toEqual({ 'sink.partial-dropped': 2 });
  });
});
