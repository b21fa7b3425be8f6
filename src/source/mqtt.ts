/**
 * Measurements from an MQTT broker.
 *
 * A message counts as safe, and is acknowledged to the broker, when it is in this source's bounded queue. When the queue
 * is full, acknowledgement and reading stop until half of it is taken, so the broker (and, behind it, the publishers)
 * hold what comes meanwhile; or, for what is of no use late, such as live sound, the oldest makes room, counted.
 */
import { Subject } from 'rxjs';
import { z } from 'zod';
import type { Packet, Source } from '../core/contracts.js';
import type { SourceContext, SourceKind } from '../core/kind.js';
import { MqttConnection } from '../mqtt/connection.js';
import type { Topic } from '../mqtt/known-topics.js';
import { checkConnection, connectionShape, type ConnectionOptions } from '../mqtt/options.js';
import { type Arrival, PacketQueue } from './packet-queue.js';
import { checkTemplates, Router } from './router.js';

/** What the messages that wait may weigh: a thousand of the largest would not fit a small machine. */
const HIGH_WATER_BYTES = 33_554_432;

/** Messages after which whoever drops the oldest lets others have a turn: twice what is taken in one. */
const READ_IN_A_TURN = 1024;

const topic = z.string().min(1);

const schema = z
  .strictObject({
    kind: z.literal('mqtt').meta({ title: 'Kind', description: 'Messages from an MQTT broker.' }),
    ...connectionShape,
    topic: z
      .union([topic, z.array(topic).min(1)])
      .superRefine(checkTemplates)
      .meta({
        title: 'Topics',
        description:
          'One template or a list, such as factory/{device}/{channel}: {channel} names the channel, all other {names} together the stream; + and # as in MQTT. Where templates overlap, a broker may deliver twice.',
      }),
    qos: z
      .union([z.literal(0), z.literal(1), z.literal(2)])
      .default(1)
      .meta({
        title: 'QoS',
        description: 'Quality of service of the subscription; 1 or 2: nothing is lost while the session lives.',
      }),
    maxPayloadBytes: z.int().min(1).max(268_435_455).default(1_048_576).meta({
      title: 'Largest payload',
      description: 'A larger message is dropped and counted.',
      unit: 'bytes',
    }),
    whenBehind: z.enum(['pause', 'drop-oldest']).default('pause').meta({
      title: 'When messages come faster than they are taken',
      description:
        'pause: the broker holds them, nothing is lost, everything is late; drop-oldest: for live sound, of which the oldest is dropped and counted.',
    }),
    maxQueued: z.int().min(1).max(1_000_000).default(2048).meta({
      title: 'Queue',
      description: 'Messages that may wait here (32 MiB at most) before `whenBehind` applies.',
      unit: 'messages',
    }),
  })
  .superRefine(checkConnection);

type Options = z.output<typeof schema>;

class MqttSource implements Source {
  readonly mode: Source['mode'];
  readonly clock = 'live';
  readonly packets = new Subject<readonly Packet[]>();
  readonly #options: Options;
  readonly #context: SourceContext;
  readonly #router: Router;
  readonly #queue: PacketQueue;
  readonly #connection: MqttConnection;
  #paused = false;
  /** Messages since reading was interrupted last. */
  #read = 0;

  constructor(options: Options, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    this.mode = options.whenBehind === 'pause' ? 'pause' : 'dropOldest';
    this.#router = new Router(options.topic);
    this.#queue = new PacketQueue(this.packets, () => this.#afterTurn());
    const clientId = `kioku-${context.name}-source${context.index}`;
    this.#connection = new MqttConnection(context.passing === true ? inPassing(options, clientId) : options, {
      clientId,
      baseDir: context.baseDir,
      log: context.log,
      subscription: {
        filters: this.#router.filters,
        qos: options.qos,
        route: (text) => this.#router.route(text),
        receive: this.#receive.bind(this),
      },
    });
  }

  get status(): Source['status'] {
    return this.#connection.status;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#connection.start(signal);
  }

  async stop(): Promise<void> {
    await this.#connection.stop();
    const { packets } = this.#queue.close();
    if (packets > 0) this.#context.counters.count('source.unread-at-stop', packets);
    this.packets.complete();
  }

  credit(packets: number): void {
    this.#queue.credit(packets);
  }

  /** The broker has had its acknowledgement (see above); a durable queue would hook in here. */
  ackThrough(): void {}

  #receive(
    { text, route }: Topic,
    bytes: Buffer,
    retained: boolean,
    properties: Readonly<Record<string, string>> | undefined,
  ): boolean {
    const { counters, index } = this.#context;
    if (retained) {
      // The last value of a device that may be gone for years is no measurement of now; new ones come without the mark.
      counters.count('source.retained');
      return true;
    }
    if (bytes.length > this.#options.maxPayloadBytes) {
      counters.count('source.payload-too-large');
      return true;
    }
    if (route === undefined) {
      counters.count('source.topic-mismatch');
      return true;
    }
    const packet: Arrival = { source: index, seq: 0, topic: text, route, bytes, arrivedUs: Date.now() * 1000 };
    if (properties !== undefined) packet.properties = properties;
    this.#queue.push(packet);
    if (this.mode === 'dropOldest') {
      while (this.#hasTooMuch()) {
        this.#queue.drop();
        counters.count('source.dropped-oldest');
      }
      return this.#mayReadOn();
    }
    this.#paused = this.#isAbove(1);
    return !this.#paused;
  }

  /** Else a flood would be read and dropped, and nothing of it taken. @returns false: not in this turn */
  #mayReadOn(): boolean {
    this.#read++;
    if (this.#read < READ_IN_A_TURN) return true;
    this.#read = 0;
    setImmediate(() => this.#connection.resume());
    return false;
  }

  /** What leaves in the next turn does not count. */
  #hasTooMuch(): boolean {
    const { beyondTurn, bytes } = this.#queue;
    return beyondTurn > this.#options.maxQueued || (beyondTurn > 0 && bytes > HIGH_WATER_BYTES);
  }

  #afterTurn(): void {
    if (!this.#paused || this.#isAbove(0.5)) return;
    this.#paused = false;
    this.#connection.resume();
  }

  #isAbove(part: number): boolean {
    const { length, bytes } = this.#queue;
    return length >= part * this.#options.maxQueued || bytes >= part * HIGH_WATER_BYTES;
  }
}

/** A name of its own, no session and no status, so as not to be taken for the daemon. */
function inPassing(options: Options, clientId: string): ConnectionOptions {
  const { statusTopic: _, ...rest } = options;
  return { ...rest, clientId: `${options.clientId ?? clientId}-${process.pid}`, sessionExpirySeconds: 0 };
}

export const mqttKind: SourceKind<typeof schema> = {
  schema,
  create: (options, context) => new MqttSource(options, context),
};
