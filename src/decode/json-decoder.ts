/** The decoder behind the kind `json`. */
import { parseTime, TIME_FIELDS, type TimeFormat } from '../core/time.js';
import type { Decoder, Frame, Packet } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import type { Log } from '../core/log.js';
import { Drops, textOf } from './drops.js';
import { FlatJson, type FlatShape } from './flat-json.js';
import type { JsonOptions } from './json.js';
import { compilePath, valueAt, type Path } from './path.js';
import { parseJson } from './parse.js';
import { planReading, type ReadingPlan, type Wanted } from './reading-plan.js';
import { type ChannelSignal, Shapes } from './shape.js';
import { Slab } from './slab.js';

/** More numeric fields than this are no reading of a sensor. */
const MAX_CHANNELS = 1024;
const MAX_STREAM_CHARS = 256;
const NUMERIC_TEXT = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

type Fields = Readonly<Record<string, unknown>>;
type Emit = (frame: Frame) => void;
type NewFrame = { -readonly [K in keyof Frame]: Frame[K] };

interface MappedChannel {
  readonly name: string;
  readonly path: Path;
}

const optionalPath = (text: string | undefined): Path | undefined =>
  text === undefined ? undefined : compilePath(text);

/**
 * One message → one frame a reading (n = 1, float64). Whatever does not fit is counted by reason (see `DROP_REASONS`):
 * a bad field costs that field, a bad message the message.
 */
export class JsonDecoder implements Decoder {
  readonly #drops: Drops;
  readonly #shapes = new Shapes();
  readonly #slab = new Slab();
  readonly #flat: FlatJson<ReadingPlan>;
  readonly #mapped: readonly MappedChannel[] | undefined;
  readonly #timeFormat: TimeFormat;
  readonly #valuePath: Path;
  readonly #timePath: Path | undefined;
  readonly #streamPath: Path | undefined;
  readonly #sequencePath: Path | undefined;
  /** Top-level fields that are no channels. */
  readonly #reserved: ReadonlySet<string>;
  /** The reading that is being collected. */
  readonly #names: string[] = [];
  readonly #values: number[] = [];
  #n = 0;

  constructor(
    private readonly options: JsonOptions,
    counters: Counters,
    log: Log,
  ) {
    this.#drops = new Drops(counters, log);
    this.#mapped =
      options.channels && Object.entries(options.channels).map(([name, text]) => ({ name, path: compilePath(text) }));
    this.#timeFormat = options.time?.format ?? 'auto';
    this.#valuePath = compilePath(options.valueField);
    this.#timePath = optionalPath(options.time?.field);
    this.#streamPath = optionalPath(options.streamField);
    this.#sequencePath = optionalPath(options.sequenceField);
    const apart = [this.#timePath, this.#streamPath, this.#sequencePath];
    const times = this.#timePath === undefined ? TIME_FIELDS : [];
    this.#reserved = new Set([...times, ...apart.flatMap((path) => (path?.length === 1 ? [String(path[0])] : []))]);
    const wanted: Wanted = {
      channels: this.#mapped,
      value: this.#valuePath,
      time: this.#timePath,
      stream: this.#streamPath,
      sequence: this.#sequencePath,
      reserved: this.#reserved,
      numericStrings: options.numericStrings,
    };
    const signalOf = this.#shapes.signalOf.bind(this.#shapes);
    this.#flat = new FlatJson((keys, kinds) => planReading(keys, kinds, wanted, signalOf));
  }

  decode(packet: Packet, emit: (frame: Frame) => void): void {
    const flat = this.#flat.read(packet.bytes);
    if (flat !== undefined && this.#planned(flat, packet, emit)) return;
    const parsed = parseJson(textOf(packet.bytes));
    if (parsed === undefined) return this.#drops.count('malformed-json', packet);
    if (parsed.repaired) this.#drops.count('not-finite', packet);
    const { value } = parsed;
    if (flat === undefined && !parsed.repaired) this.#flat.learn(packet.bytes, value);
    if (!Array.isArray(value)) return this.#reading(value, packet, emit);
    for (let i = 0; i < value.length; i++) this.#reading(value[i], packet, emit);
  }

  #reading(value: unknown, packet: Packet, emit: (frame: Frame) => void): void {
    this.#n = 0;
    const { channel } = packet.route;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (channel !== undefined) this.#take(channel, isObject ? valueAt(value, this.#valuePath) : value, packet);
    else if (!isObject) return this.#drops.count('wrong-type', packet);
    else if (this.#mapped === undefined) this.#takeAll(value as Fields, packet);
    else this.#takeMapped(value, packet);
    if (this.#n === 0) return this.#drops.count('no-channel', packet);
    if (this.#n > MAX_CHANNELS) return this.#drops.count('too-many-channels', packet);
    const stream = this.#streamOf(value, packet);
    if (stream === undefined) return this.#drops.count('bad-stream', packet);
    const data = this.#slab.take(this.#n);
    for (let i = 0; i < data.length; i++) data[i] = this.#values[i];
    const signal = this.#shapes.signalOf(this.#names, this.#n);
    const us = this.#timeOf(value, packet);
    emit(frameOf(packet, stream, us, signal, data, this.#sequenceOf(value, packet)));
  }

  /** @returns false: something about the message needs a closer look; nothing was emitted */
  #planned({ plan, numbers, textFrom, textTo }: FlatShape<ReadingPlan>, packet: Packet, emit: Emit): boolean {
    const { bytes, route } = packet;
    const named = route.channel !== undefined;
    if (named ? plan.value < 0 : plan.signal === undefined) return false;
    const data = this.#slab.take(named ? 1 : plan.channels.length);
    for (let i = 0; i < data.length; i++) {
      data[i] = numbers[named ? plan.value : plan.channels[i]];
      if (!Number.isFinite(data[i])) return false;
    }
    let { stream } = route;
    if (plan.stream >= 0) {
      const { stream: k, streamIsText } = plan;
      const name = this.#nameOf(streamIsText ? utf8(bytes, textFrom[k], textTo[k]) : numbers[k]);
      if (name === undefined) return false;
      stream = name;
    }
    let us: number | undefined;
    if (plan.time >= 0) {
      const { time: k, timeIsText } = plan;
      us = parseTime(timeIsText ? utf8(bytes, textFrom[k], textTo[k]) : numbers[k], this.#timeFormat);
      if (us === undefined) return false;
    }
    let sequence: number | undefined;
    if (plan.sequence >= 0) {
      sequence = numbers[plan.sequence];
      if (!Number.isSafeInteger(sequence)) return false;
    }
    emit(frameOf(packet, stream, us, this.#signalOf(plan, route.channel), data, sequence));
    return true;
  }

  #signalOf(plan: ReadingPlan, channel: string | undefined): ChannelSignal {
    if (channel === undefined && plan.signal !== undefined) return plan.signal;
    this.#names[0] = channel ?? '';
    return this.#shapes.signalOf(this.#names, 1);
  }

  /** Every top-level number is a channel; texts, nested objects and lists are no channels, and no mistake. */
  #takeAll(fields: Fields, packet: Packet): void {
    for (const name of Object.keys(fields)) {
      if (this.#reserved.has(name)) continue;
      const field = fields[name];
      const plain = typeof field === 'number' || typeof field === 'boolean';
      const text = typeof field === 'string' && this.options.numericStrings && NUMERIC_TEXT.test(field);
      if (plain || text) this.#take(name, field, packet);
    }
  }

  #takeMapped(value: unknown, packet: Packet): void {
    const mapped = this.#mapped ?? [];
    for (let i = 0; i < mapped.length; i++) this.#take(mapped[i].name, valueAt(value, mapped[i].path), packet);
  }

  /** Adds one channel to the reading, or counts why not. */
  #take(name: string, field: unknown, packet: Packet): void {
    let value: number;
    if (typeof field === 'number') value = field;
    else if (typeof field === 'boolean') value = field ? 1 : 0;
    else if (field === undefined || field === null) return this.#drops.count('missing-field', packet);
    else if (typeof field === 'string' && this.options.numericStrings && NUMERIC_TEXT.test(field))
      value = Number(field);
    else return this.#drops.count('wrong-type', packet);
    // JSON has no infinity, but 1e999 is one.
    if (!Number.isFinite(value)) return this.#drops.count('not-finite', packet);
    this.#names[this.#n] = name;
    this.#values[this.#n++] = value;
  }

  /** @returns undefined when the message does not say, or not readably */
  #timeOf(value: unknown, packet: Packet): number | undefined {
    if (this.#timePath === undefined) return undefined;
    const field = valueAt(value, this.#timePath);
    if (field === undefined || field === null) return undefined;
    const us = parseTime(field, this.#timeFormat);
    if (us === undefined) this.#drops.count('bad-time', packet);
    return us;
  }

  #streamOf(value: unknown, packet: Packet): string | undefined {
    if (this.#streamPath === undefined) return packet.route.stream;
    return this.#nameOf(valueAt(value, this.#streamPath));
  }

  #nameOf(field: unknown): string | undefined {
    if (typeof field !== 'string' && typeof field !== 'number') return undefined;
    const stream = String(field);
    return stream !== '' && stream.length <= MAX_STREAM_CHARS ? stream : undefined;
  }

  #sequenceOf(value: unknown, packet: Packet): number | undefined {
    if (this.#sequencePath === undefined) return undefined;
    const field = valueAt(value, this.#sequencePath);
    if (field === undefined || field === null) return undefined;
    const sequence = typeof field === 'string' && NUMERIC_TEXT.test(field) ? Number(field) : field;
    if (typeof sequence === 'number' && Number.isSafeInteger(sequence)) return sequence;
    this.#drops.count('bad-sequence', packet);
    return undefined;
  }
}

function frameOf(
  { source, seq, arrivedUs }: Packet,
  stream: string,
  us: number | undefined,
  signal: ChannelSignal,
  data: Float64Array,
  sequence: number | undefined,
): Frame {
  const frame: NewFrame = { stream, source, seq, us: us ?? arrivedUs, arrivedUs, signal, data };
  if (us === undefined) frame.unstamped = true;
  if (sequence !== undefined) frame.sequence = sequence;
  return frame;
}

function utf8(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}
