import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { type Letter, Outbox } from '../../src/sink/outbox.js';

function letter(kind: Letter['kind'], payload: string, settled = (): void => {}): Letter {
  return { kind, topic: 't', payload, settled };
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
    const kinds = array(constantFrom<Letter['kind']>('incident', 'score'), { maxLength: 60 });
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
