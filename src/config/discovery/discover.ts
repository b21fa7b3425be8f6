/** From messages that were overheard to a proposal for a configuration. Pure: the same messages, the same proposal. */
import type { Micros } from '../../core/contracts.js';
import { median } from '../../core/median.js';
import type { TimeFormat } from '../../core/time.js';
import { FieldSurvey, type Field } from './fields.js';
import { readPayload, type Payload } from './payload.js';
import { channelLevel, families, templateOf, valueName } from './topics.js';

/** A message as it came. */
export interface Heard {
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly arrivedUs: Micros;
  /** The broker has kept it: it says what a device sends, but not when. */
  readonly retained?: boolean;
}

/** Topics of one shape. */
export interface TopicGroup {
  /** Such as `factory/{device}/{channel}`. */
  readonly template: string;
  readonly topics: readonly string[];
  /** How many of them were published to while listening. */
  readonly alive: number;
  readonly payload: Payload['kind'];
  readonly messages: number;
  readonly perSecond: number;
  readonly meanBytes: number;
  /** Median time between two messages of a topic, of its slowest channel; undefined: too few messages. */
  readonly intervalMs: number | undefined;
  /** Of JSON objects. */
  readonly fields: readonly Field[];
  readonly channels: readonly ChannelSeen[];
  /** How to read it; undefined where there is nothing to watch. */
  readonly decode: DecodeProposal | undefined;
}

/** A group that has channels. */
export interface WatchableGroup extends TopicGroup {
  readonly decode: DecodeProposal;
}

export interface ChannelSeen {
  readonly name: string;
  /** Where in the payload; absent when the topic names the channel or the payload is the value. */
  readonly path?: string;
  readonly example: number;
  readonly varies: boolean;
}

export type DecodeProposal =
  | {
      readonly kind: 'json';
      readonly channels?: Readonly<Record<string, string>>;
      readonly valueField?: string;
      readonly time?: { readonly field: string; readonly format: TimeFormat };
      readonly sequenceField?: string;
      readonly streamField?: string;
    }
  | { readonly kind: 'number'; readonly channel?: string; readonly stripUnit?: true };

export interface Discovery {
  /** Those that kioku can watch first, then by number of devices (topics that are alive), then by messages. */
  readonly groups: readonly TopicGroup[];
  /** Time between the first and the last message. */
  readonly spanMs: number;
}

/** Share of fields that two JSON topics must have in common to be of one shape. */
const ALIKE = 0.5;

interface MessageSeen {
  readonly payload: Payload;
  readonly bytes: number;
  readonly arrivedUs: Micros;
  readonly retained: boolean;
}

interface TopicSeen {
  readonly topic: string;
  readonly kind: Payload['kind'];
  readonly paths: ReadonlySet<string>;
  readonly messages: MessageSeen[];
}

/** @param heard in order of arrival */
export function discover(heard: readonly Heard[]): Discovery {
  const topics = new Map<string, TopicSeen>();
  for (const { topic, bytes, arrivedUs, retained = false } of heard) {
    const payload = readPayload(bytes);
    const message = { payload, bytes: bytes.length, arrivedUs, retained };
    const seen = topics.get(topic);
    if (seen !== undefined) seen.messages.push(message);
    else {
      const paths = new Set(payload.kind === 'json' ? payload.fields.keys() : []);
      topics.set(topic, { topic, kind: payload.kind, paths, messages: [message] });
    }
  }
  const spanMs = ((heard.at(-1)?.arrivedUs ?? 0) - (heard[0]?.arrivedUs ?? 0)) / 1000;
  const alike = (a: string, b: string): boolean => sameShape(topics.get(a), topics.get(b));
  const groups = families([...topics.keys()], alike).map((family) =>
    describeGroup(
      family,
      family.flatMap((topic) => topics.get(topic) ?? []),
      spanMs,
    ),
  );
  return { groups: groups.toSorted(byUse), spanMs };
}

/** A plug that talks all the time is not what matters in a house of twenty sensors: devices count more than messages. */
function byUse(a: TopicGroup, b: TopicGroup): number {
  return Number(b.channels.length > 0) - Number(a.channels.length > 0) || b.alive - a.alive || b.messages - a.messages;
}

function sameShape(a: TopicSeen | undefined, b: TopicSeen | undefined): boolean {
  if (a === undefined || b === undefined || a.kind !== b.kind) return false;
  if (a.kind !== 'json') return true;
  let common = 0;
  for (const path of a.paths) if (b.paths.has(path)) common++;
  return common >= ALIKE * Math.max(a.paths.size, b.paths.size);
}

function describeGroup(family: readonly string[], seen: readonly TopicSeen[], spanMs: number): TopicGroup {
  const survey = new FieldSurvey();
  let messages = 0;
  let bytes = 0;
  for (const { topic, messages: list } of seen) {
    for (const message of list) {
      messages++;
      bytes += message.bytes;
      if (message.payload.kind === 'json') survey.add(topic, message.arrivedUs, message.payload.fields);
    }
  }
  const fields = survey.fields();
  const payload = seen[0]?.kind ?? 'other';
  const measured = fields.filter((field) => field.role === 'measured');
  const single = payload === 'number' || (payload === 'json' && measured.length === 1);
  const level = single ? channelLevel(family) : undefined;
  const channels =
    single && (level !== undefined || payload === 'number')
      ? channelsOfTopics(seen, level, valueName(family), measured[0]?.path)
      : measured.map(({ path, example, varies }) => ({ name: path, path, example: Number(example), varies }));
  return {
    template: templateOf(family, level),
    topics: family,
    alive: seen.filter(({ messages: list }) => list.some(({ retained }) => !retained)).length,
    payload,
    messages,
    perSecond: spanMs > 0 ? messages / (spanMs / 1000) : 0,
    meanBytes: bytes / messages,
    intervalMs: slowestInterval(seen, level),
    fields,
    channels,
    decode: channels.length === 0 ? undefined : decodeOf(payload, seen, fields, channels, level),
  };
}

/** Channels that topics name, or the one that a lone number is. */
function channelsOfTopics(
  seen: readonly TopicSeen[],
  level: number | undefined,
  loneName: string,
  path: string | undefined,
): ChannelSeen[] {
  const values = new Map<string, number[]>();
  for (const { topic, messages } of seen) {
    const name = level === undefined ? loneName : topic.split('/')[level];
    const list = values.get(name) ?? [];
    values.set(name, list);
    for (const { payload } of messages) {
      if (payload.kind === 'number') list.push(payload.value);
      else if (payload.kind === 'json' && path !== undefined) {
        const value = payload.fields.get(path);
        if (typeof value === 'number') list.push(value);
      }
    }
  }
  return [...values].flatMap(([name, list]) => {
    const [example] = list;
    return example === undefined ? [] : [{ name, example, varies: list.some((value) => value !== example) }];
  });
}

export function isWatchable(group: TopicGroup): group is WatchableGroup {
  return group.decode !== undefined;
}

function decodeOf(
  payload: Payload['kind'],
  seen: readonly TopicSeen[],
  fields: readonly Field[],
  channels: readonly ChannelSeen[],
  level: number | undefined,
): DecodeProposal {
  return payload === 'json' ? jsonDecode(fields, channels, level) : numberDecode(seen, channels, level);
}

function jsonDecode(
  fields: readonly Field[],
  channels: readonly ChannelSeen[],
  level: number | undefined,
): DecodeProposal {
  const time = fields.find((field) => field.role === 'time');
  const sequence = fields.find((field) => field.role === 'sequence');
  const stream = fields.find((field) => field.role === 'stream');
  const measured = fields.find((field) => field.role === 'measured');
  const where =
    level === undefined
      ? { channels: Object.fromEntries(channels.map(({ name, path }) => [name, path ?? name])) }
      : { valueField: measured?.path ?? 'value' };
  return {
    kind: 'json',
    ...where,
    ...(time?.format === undefined ? {} : { time: { field: time.path, format: time.format } }),
    ...(sequence === undefined ? {} : { sequenceField: sequence.path }),
    ...(stream === undefined ? {} : { streamField: stream.path }),
  };
}

function numberDecode(
  seen: readonly TopicSeen[],
  channels: readonly ChannelSeen[],
  level: number | undefined,
): DecodeProposal {
  const unit = seen.some(({ messages }) => messages.some(({ payload }) => payload.kind === 'number' && payload.unit));
  const name = channels[0]?.name;
  return {
    kind: 'number',
    ...(level !== undefined || name === undefined ? {} : { channel: name }),
    ...(unit ? { stripUnit: true } : {}),
  };
}

/** A time step must be long enough for the slowest channel that was heard often enough to tell. */
function slowestInterval(seen: readonly TopicSeen[], level: number | undefined): number | undefined {
  const byChannel = new Map<string, number[]>();
  for (const { topic, messages } of seen) {
    const times = messages.filter(({ retained }) => !retained).map(({ arrivedUs }) => arrivedUs / 1000);
    const gaps = times.slice(1).map((ms, i) => ms - times[i]);
    if (gaps.length < 2) continue;
    const channel = level === undefined ? '' : topic.split('/')[level];
    byChannel.set(channel, [...(byChannel.get(channel) ?? []), median(gaps)]);
  }
  const medians = [...byChannel.values()].map(median);
  return medians.length === 0 ? undefined : Math.max(...medians);
}
