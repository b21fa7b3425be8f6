/** Which fields of a flat message the configuration of a JSON decoder wants. */
import type { FieldKind } from './flat-json.js';
import type { Path } from './path.js';
import type { ChannelSignal } from './shape.js';

/** What the configuration asks for. */
export interface Wanted {
  /** Channels by name; absent: all numbers and booleans. */
  readonly channels?: readonly { readonly name: string; readonly path: Path }[] | undefined;
  /** The field of the value, where the topic names the channel. */
  readonly value: Path;
  readonly time: Path | undefined;
  readonly stream: Path | undefined;
  readonly sequence: Path | undefined;
  /** Top-level fields that are no channels. */
  readonly reserved: ReadonlySet<string>;
  readonly numericStrings: boolean;
}

/** Fields by their place in the message; −1: not asked for. */
export interface ReadingPlan {
  /** Absent: only messages whose topic names the channel can be read by it. */
  readonly signal: ChannelSignal | undefined;
  readonly channels: readonly number[];
  /** −1: there is none, or it is no number. */
  readonly value: number;
  readonly time: number;
  readonly timeIsText: boolean;
  readonly stream: number;
  readonly streamIsText: boolean;
  readonly sequence: number;
}

const ABSENT = -1;
/** Such keys come first in an object, whatever their place in the text. */
const INDEX = /^\d+$/;

/** @returns undefined for messages with something that needs a closer look, such as a field that is missing */
export function planReading(
  keys: readonly string[],
  kinds: readonly FieldKind[],
  wanted: Wanted,
  signalOf: (names: readonly string[], n: number) => ChannelSignal,
): ReadingPlan | undefined {
  if (keys.some((key) => INDEX.test(key))) return undefined;
  const place = (path: Path | undefined): number => (path?.length === 1 ? keys.indexOf(String(path[0])) : ABSENT);
  const isChannel = (k: number): boolean => kinds[k] === 'number' || kinds[k] === 'boolean';
  const time = place(wanted.time);
  const stream = place(wanted.stream);
  const sequence = place(wanted.sequence);
  if (wanted.time !== undefined && kinds[time] !== 'number' && kinds[time] !== 'text') return undefined;
  if (wanted.stream !== undefined && kinds[stream] !== 'number' && kinds[stream] !== 'text') return undefined;
  if (wanted.sequence !== undefined && kinds[sequence] !== 'number') return undefined;
  if (wanted.numericStrings && kinds.includes('text')) return undefined;
  const chosen = wanted.channels?.map(({ name, path }) => ({ name, k: place(path) }));
  const all = keys.map((name, k) => ({ name, k })).filter(({ name, k }) => isChannel(k) && !wanted.reserved.has(name));
  const channels = chosen ?? all;
  const complete = channels.length > 0 && channels.every(({ k }) => isChannel(k));
  const names = channels.map(({ name }) => name);
  const value = place(wanted.value);
  return {
    signal: complete ? signalOf(names, names.length) : undefined,
    channels: channels.map(({ k }) => k),
    value: isChannel(value) ? value : ABSENT,
    time,
    timeIsText: kinds[time] === 'text',
    stream,
    streamIsText: kinds[stream] === 'text',
    sequence,
  };
}
