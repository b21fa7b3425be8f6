import { expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { numberKind } from '../../src/decode/number.js';
import { decoderContract } from '../contracts/decoder.contract.js';
import { ARRIVED_US, packetOf } from '../support/readings.js';
import { stageContext } from '../support/stages.js';

decoderContract('number', (context) => numberKind.create(numberKind.schema.parse({ kind: 'number' }), context), [
  '21.5',
  ' -3e-2\n',
]);

function decode(payload: string, options: object = {}, channel?: string): { frame?: Frame; counts: object } {
  const context = stageContext();
  const decoder = numberKind.create(numberKind.schema.parse({ kind: 'number', ...options }), context);
  const frames: Frame[] = [];
  decoder.decode(packetOf(payload, { channel }), (frame) => frames.push(frame));
  const [frame] = frames;
  return { ...(frame && { frame }), counts: context.counters.toJSON() };
}

it('reads one number, of the channel that the topic names', () => {
  const { frame, counts } = decode(' -21.5e1 \r\n', {}, 'temp');
  expect(frame).toMatchObject({ signal: { names: ['temp'] }, us: ARRIVED_US, unstamped: true });
  expect([...(frame?.data ?? [])]).toEqual([-215]);
  expect(counts).toEqual({});
});

it('names the channel itself where the topic does not', () => {
  expect(decode('1').frame?.signal).toMatchObject({ names: ['value'] });
  expect(decode('1', { channel: 'rpm' }).frame?.signal).toMatchObject({ names: ['rpm'] });
});

it('takes a unit only when told so', () => {
  expect(decode('21.5 °C').counts).toEqual({ 'decode.malformed-number': 1 });
  for (const [text, value] of Object.entries({ '21.5 °C': 21.5, '55%': 55, '3 m3/h': 3, '.5 m/s²': 0.5 })) {
    expect(decode(text, { stripUnit: true }).frame?.data[0]).toBe(value);
  }
  for (const text of ['0x1F', '12:30', '1.2.3', '1,5', '3 4', 'on']) {
    expect(decode(text, { stripUnit: true }).counts).toEqual({ 'decode.malformed-number': 1 });
  }
});

it('counts what is no number, not finite, or too long', () => {
  for (const text of ['', '[1]', 'unavailable', '9'.repeat(10_000_000)]) {
    expect(decode(text).counts).toEqual({ 'decode.malformed-number': 1 });
  }
  for (const text of ['NaN', '-inf', 'Infinity', '1e999'])
    expect(decode(text).counts).toEqual({ 'decode.not-finite': 1 });
});
