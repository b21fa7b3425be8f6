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
    await turns(3);
    expect(batches.map(({ length }) => length)).toEqual([512, 512, 176]);
    expect(batches.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1));
    expect(made.beyondTurn).toBe(100);
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
