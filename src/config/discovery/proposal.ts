/** A discovered group of topics as a configuration file: commented, and valid as it stands. */
import { Document, isMap, isScalar } from 'yaml';
import { counted } from '../../core/counted.js';
import type { TopicGroup, WatchableGroup } from './discover.js';

/** How the broker was reached; what was given for it goes into the file, secrets by reference only. */
export interface BrokerReference {
  readonly url: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const NICE_STEPS_MS = [
  10, 20, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000,
];
/** A message that comes a little late must not leave its step empty every other time. */
const JITTER = 0.9;
/** Enough steps to learn from, as a rule of thumb, for the advice that comes with it. */
const STEPS_TO_LEARN = 3600;

/**
 * The time step for messages that come every `intervalMs`: the next round number.
 * @param intervalMs undefined where it could not be measured
 * @param spanMs how long was listened; messages that came at most twice in it are at least that far apart
 */
export function proposeStepMs(intervalMs: number | undefined, spanMs: number): number {
  const wanted = intervalMs ?? Math.max(spanMs, 1000);
  return NICE_STEPS_MS.find((step) => step >= wanted * JITTER) ?? 3_600_000;
}

/** How long to listen before training, as `--for` takes it. */
export function learningTime(stepMs: number): string {
  return `${Math.max(1, Math.round((stepMs * STEPS_TO_LEARN) / 3_600_000))}h`;
}

/**
 * @param group what to watch
 * @param spanMs how long was listened
 * @returns YAML that `loadConfig` accepts
 */
export function configText(group: WatchableGroup, broker: BrokerReference, spanMs: number): string {
  const stepMs = proposeStepMs(group.intervalMs, spanMs);
  const document = new Document({
    source: { kind: 'mqtt', ...broker, topic: group.template },
    decode: group.decode,
    align: { stepMs, channels: group.channels.map(({ name }) => ({ name, aggregate: 'mean' })) },
    sinks: [{ kind: 'console' }],
  });
  document.commentBefore = lines(
    `Proposed by kioku init after ${counted(group.messages, 'message')} on ${counted(group.topics.length, 'topic')} in ${Math.round(spanMs / 1000)} s.`,
    'Every key is explained in docs/configuration.md. Next:',
    '  kioku check FILE                       list mistakes after an edit',
    `  kioku train FILE --live --for ${learningTime(stepMs)}        learn what is normal, from the feed itself`,
    '  kioku run FILE                         watch it',
  );
  const streams = group.template.includes('{device}') ? ' {device} makes one stream of each device.' : '';
  comment(document, ['source'], `Where the data comes from.${streams}`);
  comment(document, ['decode'], decodeComment(group));
  comment(document, ['align'], 'Time steps: the net takes one step for each, of all channels of a stream.');
  comment(document, ['align', 'stepMs'], stepComment(group));
  comment(
    document,
    ['align', 'channels'],
    'What is watched. aggregate: mean, last, sum or count of the readings in a step.',
  );
  comment(document, ['sinks'], 'Where incidents go: console, jsonl (a file), mqtt.');
  group.channels.forEach(({ example, varies }, i) => {
    const node = document.getIn(['align', 'channels', i], true);
    if (!isMap(node)) return;
    node.flow = true;
    node.comment = ` such as ${example}${varies ? '' : '; never changed while listening'}`;
  });
  return document.toString({ lineWidth: 0 });
}

function decodeComment(group: TopicGroup): string {
  const text = group.fields.filter(({ role }) => role === 'other').map(({ path }) => path);
  const unused = text.length === 0 ? '' : ` Not used, because not a number: ${text.join(', ')}.`;
  const clock = group.fields.some(({ role }) => role === 'time')
    ? ''
    : ' No time was found in the messages: the time of their arrival counts.';
  return `How messages become readings.${clock}${unused}`;
}

function stepComment(group: TopicGroup): string {
  if (group.intervalMs === undefined) {
    return 'A guess: no topic sent three messages. Listen longer (--for 5m), or write how often a device sends.';
  }
  return `Messages of a topic come every ${Math.round(group.intervalMs)} ms (median).`;
}

/** Puts a comment above a key. */
function comment(document: Document, path: readonly string[], text: string): void {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return;
  const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1));
  if (isScalar(pair?.key)) pair.key.commentBefore = lines(text);
}

function lines(...texts: readonly string[]): string {
  return texts.map((text) => ` ${text}`).join('\n');
}
