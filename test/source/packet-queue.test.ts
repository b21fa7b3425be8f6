import * as fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/core/contracts.js';
import { PacketQueue } from '../../src/source/packet-queue.js';
import { turns } from '../contracts/source.contract.js';
import { packetOf } from '../support/readings.js';

function queue() {
  const out = new Subject<readonly Packet[]>();
  const batches: (readonly Packet[])[] = [];
  out.subscribe((batch) => batches.push(batch));
  return { queue: new PacketQueue(out), batches };
}

const arrival = (stream: string, payload = 'x') => ({ ...packetOf(payload, { stream }), seq: 0 });

describe('a queue of packets', () => {
  it('hands on at most 512 a turn, numbered without holes', async () => {
    const { queue: made, batches } = queue();
    for (let i = 0; i < 1300; i++) made.push(arrival('a'));
    made.credit(1200);
    await turns(1);
    expect(batches.map(({ length }) => length)).toEqual([512]);
    expect(made.beyondTurn).toBe(1300 - 512 - 512);
    expect(made.beyondCredit).toBe(1300 - 1200);
    await turns(3);
    expect(batches.map(({ length }) => length)).toEqual([512, 512, 176]);
    expect(batches.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1));
    expect(made.beyondTurn).toBe(100);
  });

  it('hands on in order, counts and weighs what waits, however long it is and whatever is dropped meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ push: fc.nat(900), drop: fc.nat(40), credit: fc.nat(700) }), { maxLength: 12 }),
        async (rounds) => {
          const { queue: made, batches } = queue();
          const wanted: string[] = [];
          const waiting: string[] = [];
          let credit = 0;
          let count = 0;
          for (const { push, drop, credit: more } of rounds) {
            for (let i = 0; i < push; i++) {
              waiting.push(`${count}`);
              made.push(arrival('a', `${count++}`));
            }
            for (let i = 0; i < drop; i++) {
              const dropped = made.drop();
              expect(dropped && Buffer.from(dropped.bytes).toString()).toBe(waiting.shift());
            }
            made.credit(more);
            credit += more;
            await turns(1);
            const handed = waiting.splice(0, Math.min(credit, 512));
            credit -= handed.length;
            wanted.push(...handed);
            expect(made.length).toBe(waiting.length);
            expect(made.bytes).toBe(waiting.join('').length);
          }
          expect(batches.flat().map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(wanted);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('hands on all that credit allows when it is closed', () => {
    const { queue: made, batches } = queue();
    for (let i = 0; i < 1300; i++) made.push(arrival('a', 'four'));
    made.credit(1200);
    expect(made.close()).toEqual({ packets: 100, bytes: 400 });
    expect(batches.flat()).toHaveLength(1200);
  });

  it('tells a stream with its next packet that one was dropped, also when that comes only later', async () => {
    const { queue: made, batches } = queue();
    for (const stream of ['a', 'b', 'a']) made.push(arrival(stream));
    expect(made.drop()?.route.stream).toBe('a');
    expect(made.drop()?.route.stream).toBe('b');
    made.credit(10);
    await turns(1);
    for (const stream of ['a', 'b', 'b']) made.push(arrival(stream));
    await turns(1);
    expect(batches.flat().map(({ route, mark }) => [route.stream, mark])).toEqual([
      ['a', 'gap'],
      ['a', undefined],
      ['b', 'gap'],
      ['b', undefined],
    ]);
  });
});
