/** Bad input is counted by reason; the first of each reason is shown, so that the log neither hides nor floods. */
import type { Packet } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import type { Log } from '../core/log.js';

/** What can be wrong with a message, or with a field of it. */
export const DROP_REASONS = {
  'malformed-json': 'is not JSON',
  'malformed-number': 'is not a number',
  'wrong-type': 'holds something else where a number or a reading belongs',
  'not-finite': 'holds a value that is not finite',
  'missing-field': 'lacks a field that the configuration names',
  'no-channel': 'holds no channel at all',
  'too-many-channels': 'holds more channels than one stream may have',
  'bad-time': 'has a time that cannot be read, its time of arrival is taken',
  'bad-stream': 'has no usable stream name where the configuration expects it',
  'bad-sequence': 'has a sequence number that is not a whole number, it is ignored',
} as const;

export type DropReason = keyof typeof DROP_REASONS;

const EXAMPLE_CHARS = 200;
/** UTF-8 takes at most four bytes a character: no need to decode ten megabytes for an example. */
const EXAMPLE_BYTES = 4 * EXAMPLE_CHARS;

/** Counts `decode.<reason>` and logs the first message of each reason. */
export class Drops {
  readonly #logged = new Set<DropReason>();

  constructor(
    private readonly counters: Counters,
    private readonly log: Log,
  ) {}

  count(reason: DropReason, packet: Packet): void {
    this.counters.count(`decode.${reason}`);
    if (this.#logged.has(reason)) return;
    this.#logged.add(reason);
    const example = textOf(packet.bytes.subarray(0, EXAMPLE_BYTES)).slice(0, EXAMPLE_CHARS);
    this.log.warn(
      { reason: `decode.${reason}`, topic: packet.topic, example },
      `a message ${DROP_REASONS[reason]}; further ones are only counted`,
    );
  }
}

/** UTF-8 → text without a byte order mark; invalid bytes become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
