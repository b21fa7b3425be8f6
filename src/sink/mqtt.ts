/** Events to an MQTT broker: what lasts (incidents, final transcripts, keywords, speech) with QoS 1, what passes (scores, partials) with 0. */
import { z } from 'zod';
import type { Sink } from '../core/contracts.js';
import { deferred } from '../core/deferred.js';
import { messageOf } from '../core/errors.js';
import type { KiokuEvent } from '../core/events.js';
import type { SinkKind, StageContext } from '../core/kind.js';
import { MqttConnection } from '../mqtt/connection.js';
import { isRefusal } from '../mqtt/failure.js';
import { checkConnection, connectionShape } from '../mqtt/options.js';
import { eventJson } from './event-json.js';
import { type Letter, Outbox, passes } from './outbox.js';

/** Letters on their way at a time; the rest waits in the outbox, where the drop rule holds. */
const IN_FLIGHT = 32;
/** How long stopping waits for the last acknowledgements. */
const LAST_POST_MS = 3000;

/** Between prefix and stream. */
const TOPICS: Readonly<Record<KiokuEvent['type'], string>> = {
  incident: 'incidents',
  score: 'scores',
  partial: 'transcripts',
  final: 'transcripts',
  'speech-start': 'speech',
  'speech-end': 'speech',
  endpoint: 'speech',
  keyword: 'keywords',
};

const schema = z
  .strictObject({
    kind: z.literal('mqtt').meta({ title: 'Kind', description: 'Events to an MQTT broker, as JSON.' }),
    ...connectionShape,
    prefix: z
      .string()
      .min(1)
      .regex(/^[^+#]*[^+#/]$/, 'must not hold + or #, nor end with /')
      .default('kioku/{name}')
      .meta({
        title: 'Topic prefix',
        description:
          'Topics are PREFIX/incidents/STREAM, PREFIX/scores/STREAM, PREFIX/transcripts/STREAM, PREFIX/speech/STREAM, PREFIX/keywords/STREAM and (unless statusTopic is set) PREFIX/status; {name} is the name of the configuration.',
      }),
    scores: z.boolean().default(false).meta({
      title: 'Scores',
      description: 'Whether the score of every time step is published as well (QoS 0), not only incidents (QoS 1).',
    }),
    partials: z.boolean().default(true).meta({
      title: 'Partial transcripts',
      description:
        'Whether what was understood so far is published while somebody speaks (QoS 0), not only what is final (QoS 1).',
    }),
    maxQueued: z.int().min(1).max(1_000_000).default(10_000).meta({
      title: 'Outbox',
      description:
        'Events kept while the broker is away; then the oldest are dropped and counted, scores and partial transcripts first.',
      unit: 'events',
    }),
  })
  .superRefine(checkConnection);

type Options = z.output<typeof schema>;

class MqttSink implements Sink {
  readonly #context: StageContext;
  readonly #prefix: string;
  readonly #unwanted = new Set<KiokuEvent['type']>();
  readonly #outbox: Outbox;
  readonly #connection: MqttConnection;
  readonly #inFlight = new Set<Letter>();
  readonly #drained = deferred();
  #stopping = false;
  #closed = false;

  constructor(options: Options, context: StageContext) {
    this.#context = context;
    this.#prefix = options.prefix.replaceAll('{name}', context.name);
    if (!options.scores) this.#unwanted.add('score');
    if (!options.partials) this.#unwanted.add('partial');
    this.#outbox = new Outbox(options.maxQueued, context.counters);
    const connection = { ...options, statusTopic: options.statusTopic ?? `${this.#prefix}/status` };
    this.#connection = new MqttConnection(connection, {
      // By the prefix, so that two sinks of one configuration do not throw each other out.
      clientId: `${this.#prefix.replaceAll('/', '-')}-sink`,
      baseDir: context.baseDir,
      log: context.log,
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#connection.status.subscribe(() => this.#send());
    await this.#connection.start(signal);
  }

  /** Waits a little for what is on its way; what is left then is dropped and counted. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#inFlight.size > 0 && this.#connection.status.value === 'up') {
      const timer = setTimeout(() => this.#drained.resolve(), LAST_POST_MS);
      await this.#drained.promise;
      clearTimeout(timer);
    }
    this.#closed = true;
    for (const letter of this.#inFlight) this.#outbox.putBack(letter);
    this.#inFlight.clear();
    this.#outbox.clear();
    await this.#connection.stop();
  }

  /** Resolves when the broker has acknowledged all of them, or when those that are missing were dropped and counted. */
  async write(events: readonly KiokuEvent[]): Promise<void> {
    let open = 1;
    const all = deferred();
    const settled = (): void => {
      open -= 1;
      if (open === 0) all.resolve();
    };
    for (const event of events) {
      const { type } = event;
      if (this.#unwanted.has(type)) continue;
      open += 1;
      const topic = `${this.#prefix}/${TOPICS[type]}/${topicPart(event.stream)}`;
      this.#outbox.add({ type, topic, payload: eventJson(event), settled });
    }
    settled();
    this.#send();
    await all.promise;
  }

  #send(): void {
    if (this.#closed) return this.#outbox.clear();
    while (this.#inFlight.size < IN_FLIGHT && this.#connection.status.value === 'up') {
      const letter = this.#outbox.next();
      if (letter === undefined) break;
      this.#inFlight.add(letter);
      this.#connection.publish(letter.topic, letter.payload, passes(letter.type) ? 0 : 1).then(
        () => this.#arrived(letter),
        (error: unknown) => this.#returned(letter, error),
      );
    }
    if (this.#stopping && this.#inFlight.size === 0) this.#drained.resolve();
  }

  #arrived(letter: Letter): void {
    if (!this.#inFlight.delete(letter)) return;
    letter.settled();
    this.#send();
  }

  #returned(letter: Letter, error: unknown): void {
    if (!this.#inFlight.delete(letter)) return;
    if (isRefusal(error)) {
      this.#context.counters.count('sink.refused');
      this.#context.log.warn({ topic: letter.topic, reason: messageOf(error) }, 'the broker refused an event');
      letter.settled();
    } else this.#outbox.putBack(letter);
    this.#send();
  }
}

/** A stream keeps its levels; what a topic must not hold becomes `_`. */
function topicPart(stream: string): string {
  return stream.replaceAll(/[+#\0]/g, '_');
}

export const mqttSinkKind: SinkKind<typeof schema> = {
  schema,
  create: (options, context) => new MqttSink(options, context),
};
