/** A whole pipeline in a process of its own under the flood of so many devices, in another order each time step. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from './contender.js';
import { Conversation } from './conversation.js';
import type { FloodReport } from './flood.js';
import { floodConfiguration, KIOKU } from './flood-configuration.js';
import { assertJudged } from './flooded.js';

/** Time steps before a stream is judged: the least that there is, because all of a hundred thousand have to live through them. */
const WARM_UP_STEPS = 50;
/** Share of a window that a flood has gone on for before it is measured. */
const SETTLING = 0.3;

export class Crowd {
  readonly #flood: Conversation;
  readonly #pipeline: Conversation;
  readonly #client: string;

  private constructor(flood: Conversation, pipeline: Conversation, client: string) {
    this.#flood = flood;
    this.#pipeline = pipeline;
    this.#client = client;
  }

  /** @param folder for the model and the events */
  static async open(folder: string, devices: number): Promise<Crowd> {
    const flood = new Conversation('flood', [String(devices), 'shuffled']);
    const { port } = await flood.hear<Extract<FloodReport, { report: 'listening' }>>();
    const configuration = {
      ...(await floodConfiguration(folder, { port, warmUpSteps: 0, events: join(folder, 'events.jsonl') })),
      limits: { maxStreams: devices },
    };
    const pipeline = new Conversation('contender', [KIOKU, JSON.stringify(configuration)]);
    const subscribed = flood.hear<Extract<FloodReport, { report: 'subscribed' }>>();
    const { client } = await Promise.race([subscribed, pipeline.gone()]);
    return new Crowd(flood, pipeline, client);
  }

  tally(): Promise<Tally> {
    return this.#pipeline.ask<Tally>({ question: 'tally' });
  }

  /** Floods until every stream is judged. */
  async warmUp(devices: number): Promise<void> {
    this.#send();
    // The first row is made by the second message.
    while ((await this.tally()).messages < (WARM_UP_STEPS + 2) * devices) await sleep(20);
    await this.#stop();
  }

  /** Floods for a while. @returns processor time a message, of all threads, in µs */
  async window(windowMs: number): Promise<number> {
    const idle = await this.tally();
    this.#send();
    await sleep(SETTLING * windowMs);
    const before = await this.tally();
    await sleep(windowMs);
    const after = await this.tally();
    await this.#stop();
    assertJudged(idle, await this.tally());
    return (after.cpuUs - before.cpuUs) / (after.messages - before.messages);
  }

  async end(): Promise<void> {
    await this.#pipeline.end();
    await this.#flood.end();
  }

  #send(): void {
    this.#flood.tell({ order: 'send', client: this.#client });
  }

  /** Returns when all that was sent has been taken. */
  async #stop(): Promise<void> {
    await this.#flood.ask({ order: 'stop' });
    for (let before = -1, now = 0; now > before;) {
      before = now;
      await sleep(100);
      now = (await this.tally()).messages;
    }
  }
}
