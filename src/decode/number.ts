/** Payloads that are one number in text, such as `21.5`: one topic a channel. */
import { z } from 'zod';
import type { Decoder, Frame, Packet } from '../core/contracts.js';
import type { DecoderKind } from '../core/kind.js';
import type { Counters } from '../core/counters.js';
import type { Log } from '../core/log.js';
import { Drops, textOf } from './drops.js';
import { Shapes } from './shape.js';

const schema = z.strictObject({
  kind: z.literal('number').meta({ title: 'Kind', description: 'Payloads are a number in text.' }),
  channel: z.string().min(1).default('value').meta({
    title: 'Channel',
    description: 'Name of the channel where the topic has no {channel}.',
  }),
  stripUnit: z.boolean().default(false).meta({
    title: 'Strip unit',
    description: 'Whether a unit may follow the number, as in "21.5 °C".',
  }),
});

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/;
/** A unit begins with nothing that could belong to a number and has digits only as in m2 and m3: 12.5.3, 12:30, 0x1F are none. */
const UNIT = /^\s*[^\s\d.,:;+\-/](?:\D|(?<=m)[23])*$/;
const NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;
/** A number in text is short; a long payload is another thing and not worth a search. */
const MAX_BYTES = 128;

class NumberDecoder implements Decoder {
  readonly #drops: Drops;
  readonly #shapes = new Shapes();
  readonly #names: string[] = [];

  constructor(
    private readonly options: z.output<typeof schema>,
    counters: Counters,
    log: Log,
  ) {
    this.#drops = new Drops(counters, log);
  }

  decode(packet: Packet, emit: (frame: Frame) => void): void {
    if (packet.bytes.length > MAX_BYTES) return this.#drops.count('malformed-number', packet);
    const text = textOf(packet.bytes).trim();
    const digits = NUMBER.exec(text)?.[0];
    if (digits === undefined || !this.#mayFollow(text.slice(digits.length))) {
      return this.#drops.count(NOT_FINITE.test(text) ? 'not-finite' : 'malformed-number', packet);
    }
    const value = Number(digits);
    if (!Number.isFinite(value)) return this.#drops.count('not-finite', packet);
    this.#names[0] = packet.route.channel ?? this.options.channel;
    emit({
      stream: packet.route.stream,
      source: packet.source,
      seq: packet.seq,
      us: packet.arrivedUs,
      arrivedUs: packet.arrivedUs,
      unstamped: true,
      signal: this.#shapes.signalOf(this.#names, 1),
      data: Float64Array.of(value),
    });
  }

  #mayFollow(rest: string): boolean {
    return rest === '' || (this.options.stripUnit && UNIT.test(rest));
  }
}

export const numberKind: DecoderKind<typeof schema> = {
  schema,
  create: (options, { counters, log }) => new NumberDecoder(options, counters, log),
};
