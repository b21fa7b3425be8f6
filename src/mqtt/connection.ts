/** One connection to a broker that comes back by itself: session, subscriptions, last will, back-pressure. */
import type { MqttClient } from 'mqtt';
import { BehaviorSubject } from 'rxjs';
import { FIRST_PAUSE_MS, nextPauseMs, STABLE_MS } from '../core/backoff.js';
import type { SourceStatus } from '../core/contracts.js';
import { deferred } from '../core/deferred.js';
import { messageOf, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Route } from '../core/topic.js';
import { makeClient } from './client.js';
import { clientOptions } from './client-options.js';
import { readCredentials } from './credentials.js';
import { brokerFailure, isWrongVersion } from './failure.js';
import type { Topic } from './known-topics.js';
import type { ConnectionOptions } from './options.js';
import { Withheld } from './withheld.js';

type Qos = 0 | 1 | 2;

/** What to subscribe to, and who takes the messages. */
export interface Subscription {
  readonly filters: readonly string[];
  readonly qos: Qos;
  /** What `receive` gets with the topic; that of one that comes often is asked for once. Absent: no route. */
  route?(topic: string): Route | undefined;
  /**
   * Takes one message; it is acknowledged when this returns.
   * @param retained the broker had it before the subscription: it may be from any time
   * @param properties the user properties of MQTT 5, when it came with some; the last of those that have the same key
   * @returns false: taken, but nothing more until `resume`; its acknowledgement waits as well
   */
  receive(topic: Topic, payload: Buffer, retained: boolean, properties?: Readonly<Record<string, string>>): boolean;
}

export interface ConnectionParts {
  readonly clientId: string;
  readonly baseDir: string;
  readonly log: Log;
  readonly subscription?: Subscription;
}

/** How long a clean goodbye may take. */
const GOODBYE_MS = 2000;
/** Between being refused with MQTT 5 and trying MQTT 3.1.1. */
const DOWNGRADE_MS = 50;

export class MqttConnection {
  /** `up`: logged in and subscribed. */
  readonly status = new BehaviorSubject<SourceStatus>('down');
  readonly #options: ConnectionOptions;
  readonly #parts: ConnectionParts;
  readonly #withheld: Withheld;
  #client: MqttClient | undefined;
  #started = false;
  #stopping = false;
  #stopped: Promise<void> | undefined;
  /** The broker is about to hang up because of the version of the protocol. */
  #downgrading = false;
  #lastError: string | undefined;
  /** When it was last logged in and subscribed. */
  #upSinceMs = Infinity;

  constructor(options: ConnectionOptions, parts: ConnectionParts) {
    this.#options = options;
    this.#parts = parts;
    this.#withheld = new Withheld(options.keepAliveSeconds * 500, () => {
      this.#client?.reschedulePing(true);
      this.#client?.sendPing();
    });
  }

  /**
   * Resolves when logged in and subscribed. From then on a lost connection is restored for ever, with growing pauses.
   * @throws UserError `BROKER_REFUSED`, `BROKER_UNREACHABLE` or `SECRET_MISSING`; the reason of the signal when aborted
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const credentials = readCredentials(this.#options, this.#parts.baseDir);
    const { promise, resolve, reject } = deferred();
    const { subscription, clientId } = this.#parts;
    const client = makeClient(this.#options.url, clientOptions(this.#options, clientId, credentials), {
      route: (topic) => subscription?.route?.(topic),
      take: (topic, payload, retained, properties) =>
        !this.#stopping && (subscription?.receive(topic, payload, retained, properties) ?? true),
      hold: (goOn) => this.#hold(client, resolve, goOn),
    });
    this.#listen(client, resolve, reject);
    try {
      client.connect();
    } catch (cause) {
      // A certificate that is none.
      throw brokerFailure(cause, this.#options.url);
    }
    this.#client = client;
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
      this.#started = true;
    } catch (error) {
      await this.stop();
      throw signal.aborted ? error : brokerFailure(error, this.#options.url);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Says goodbye; the session, and what the broker keeps for it, stays. */
  async stop(): Promise<void> {
    if (this.#client === undefined) return;
    this.#stopped ??= this.#shutDown(this.#client);
    await this.#stopped;
  }

  /** Takes messages again after `receive` returned false. */
  resume(): void {
    this.#withheld.release();
  }

  /**
   * Resolves when the broker has it (QoS 1), across reconnects; QoS 0: when it is sent.
   * Rejects when the broker refuses it. Only while `status` is up.
   */
  publish(topic: string, payload: string, qos: Qos, retain = false): Promise<void> {
    const client = this.#client;
    if (client === undefined) return Promise.reject(new Error('not connected'));
    return client.publishAsync(topic, payload, { qos, retain }).then(() => undefined);
  }

  #listen(client: MqttClient, ready: () => void, failed: (error: unknown) => void): void {
    client.on('connect', () => {
      this.#join(client).then(ready, (error: unknown) => {
        if (!this.#started) return failed(error);
        this.#complain(error);
        client.stream.destroy();
      });
    });
    client.on('error', (error) => {
      if (isWrongVersion(error) && client.options.protocolVersion === 5) {
        this.#parts.log.info({ url: this.#options.url }, 'the broker does not speak MQTT 5; going on with MQTT 3.1.1');
        client.options.protocolVersion = 4;
        client.options.reconnectPeriod = DOWNGRADE_MS;
        this.#downgrading = true;
      } else if (this.#started) this.#complain(error);
      else failed(error);
    });
    client.on('disconnect', ({ reasonCode }) => {
      this.#parts.log.warn({ url: this.#options.url, reasonCode }, 'the broker ended the connection');
    });
    client.on('reconnect', () => {
      const lastMs = client.options.reconnectPeriod ?? FIRST_PAUSE_MS;
      client.options.reconnectPeriod = nextPauseMs(lastMs, this.#options.reconnectMaxMs);
    });
    // Before mqtt.js, which takes its next pause at this moment.
    client.prependListener('close', () => {
      if (this.#lastedMs() > STABLE_MS && !this.#stopping) client.options.reconnectPeriod = FIRST_PAUSE_MS;
    });
    client.on('close', () => {
      this.#withheld.forget();
      this.#tellLoss();
      this.#upSinceMs = Infinity;
      // mqtt.js reports no error when the broker just hangs up, as one does that wants TLS.
      if (this.#downgrading) this.#downgrading = false;
      else if (!this.#started) {
        failed(new Error('it closed the connection before the login was done'));
      }
    });
  }

  /** @param goOn acknowledges, unless there is an error @param ready called when it is up */
  #hold(client: MqttClient, ready: () => void, goOn: (error?: Error) => void): void {
    if (this.#stopping) return goOn(new Error('stopping'));
    this.#withheld.hold(goOn);
    // What the session had kept fills the queue before the answer to the subscription is read, which now has to wait
    // until somebody takes from the queue. That must not wait for this start.
    this.#goUp(client);
    ready();
  }

  /** After every login, also into a session that was kept: a broker may have lost it. */
  async #join(client: MqttClient): Promise<void> {
    const { subscription } = this.#parts;
    if (subscription !== undefined) await this.#subscribe(client, subscription);
    this.#goUp(client);
  }

  #goUp(client: MqttClient): void {
    if (this.status.value === 'up') return;
    const { statusTopic, url } = this.#options;
    if (statusTopic !== undefined) client.publish(statusTopic, 'online', { qos: 1, retain: true });
    this.#upSinceMs = performance.now();
    this.#lastError = undefined;
    this.#parts.log.info({ url, topics: this.#parts.subscription?.filters ?? [] }, 'connected to the broker');
    this.status.next('up');
  }

  async #subscribe(client: MqttClient, { filters, qos }: Subscription): Promise<void> {
    // rh 1 (MQTT 5): retained messages only with a new subscription, not again after every reconnect.
    const granted = await client.subscribeAsync([...filters], { qos, rh: 1 }).catch((cause: unknown) => {
      if (!client.connected) throw cause;
      throw new UserError('BROKER_REFUSED', `${this.#options.url} refused to subscribe: ${messageOf(cause)}`, {
        hint: `let this user read ${filters.join(', ')} in the access list of the broker`,
        cause,
      });
    });
    const lower = granted.find((grant) => grant.qos < qos);
    if (lower !== undefined) {
      this.#parts.log.warn({ topic: lower.topic, qos: lower.qos }, 'the broker grants less QoS than asked for');
    }
  }

  #tellLoss(): void {
    if (this.status.value === 'down') return;
    this.status.next('down');
    if (this.#stopping) return;
    // Brokers do not say so; two clients of one name throw each other out as soon as they are in.
    const hint = 'if this goes on, another client has the same clientId: give each its own';
    const { url } = this.#options;
    this.#parts.log.warn(this.#lastedMs() < STABLE_MS ? { url, hint } : { url }, 'lost the broker; reconnecting');
  }

  #lastedMs(): number {
    return performance.now() - this.#upSinceMs;
  }

  /** The same complaint at every attempt is told once. */
  #complain(error: unknown): void {
    if (this.#stopping) return;
    const failure = brokerFailure(error, this.#options.url);
    const level = failure.message === this.#lastError ? 'debug' : 'warn';
    this.#lastError = failure.message;
    this.#parts.log[level]({ code: failure.code, hint: failure.hint }, failure.message);
  }

  async #shutDown(client: MqttClient): Promise<void> {
    this.#stopping = true;
    // With manualConnect, mqtt.js forgets at its end that it was ended, and would reconnect.
    client.options.reconnectPeriod = 0;
    this.#withheld.release(new Error('stopping'));
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), GOODBYE_MS);
    if (client.connected) await this.#goodbye(client, deadline.signal);
    clearTimeout(timer);
    // With `manualConnect`, mqtt.js forgets that it is ending when its socket closes later, and would reconnect for ever.
    client.options.reconnectPeriod = 0;
    await client.endAsync(true);
    client.stream.destroy();
    this.status.next('down');
    this.status.complete();
  }

  async #goodbye(client: MqttClient, deadline: AbortSignal): Promise<void> {
    const { statusTopic } = this.#options;
    const { promise, resolve } = deferred();
    const gone = (): void => resolve();
    deadline.addEventListener('abort', gone, { once: true });
    client.once('close', gone);
    const leave = (): void => {
      client.end(false, gone);
    };
    // A clean goodbye cancels the last will, so what it would have said is said here.
    if (statusTopic === undefined) leave();
    else client.publish(statusTopic, 'offline', { qos: 1, retain: true }, leave);
    await promise;
  }
}
