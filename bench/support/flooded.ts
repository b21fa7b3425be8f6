/** The flood and who takes it, one side at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from './contender.js';
import { Conversation } from './conversation.js';
import type { FloodReport, Sent } from './flood.js';

/** A process that takes messages, and its name at the flood. */
export type Side = Conversation & { readonly client: string };

/** What a side has taken from one moment to another. */
export interface Taken {
  readonly messages: number;
  readonly cpuUs: number;
  readonly ms: number;
  readonly after: Tally;
}

const LOOK_EVERY_MS = 100;
/** Share of the messages that must have been judged. */
const LEAST_JUDGED = 0.98;
/** A side that has taken nothing for as many looks has taken all there was. */
const IDLE_LOOKS = 3;

export class Flooded {
  readonly #flood = new Conversation('flood');
  readonly #sides: Conversation[] = [];

  /** @returns the port of the flood */
  async open(): Promise<number> {
    const { port } = await this.#flood.hear<Extract<FloodReport, { report: 'listening' }>>();
    return port;
  }

  /** @param program a file of this folder that subscribes at the flood. @returns when it has */
  async start(program: string, args: readonly string[]): Promise<Side> {
    const process = new Conversation(program, args);
    this.#sides.push(process);
    const subscribed = this.#flood.hear<Extract<FloodReport, { report: 'subscribed' }>>();
    const { client } = await Promise.race([subscribed, process.gone()]);
    return Object.assign(process, { client });
  }

  /** @param messagesPerSecond absent: as many as it takes */
  send(side: Side, messagesPerSecond?: number): void {
    this.#flood.tell({ order: 'send', client: side.client, messagesPerSecond });
  }

  /** Ends the flood and waits until the side has taken what was sent to it. */
  async stop(side: Side): Promise<Sent> {
    const sent = await this.#flood.ask<Sent>({ order: 'stop' });
    let before = (await tallyOf(side)).messages;
    for (let idle = 0; idle < IDLE_LOOKS; idle++) {
      await sleep(LOOK_EVERY_MS);
      const { messages } = await tallyOf(side);
      if (messages > before) idle = 0;
      before = messages;
    }
    return sent;
  }

  /** Floods a side for a while. @param settleMs before it is measured */
  async window(side: Side, settleMs: number, windowMs: number, messagesPerSecond?: number): Promise<Taken> {
    this.send(side, messagesPerSecond);
    await sleep(settleMs);
    const before = await tallyOf(side);
    await sleep(windowMs);
    const after = await tallyOf(side);
    await this.stop(side);
    return taken(before, after);
  }

  /** Floods a side until it has taken as many messages. */
  async warmUp(side: Side, messages: number): Promise<void> {
    this.send(side);
    while ((await tallyOf(side)).messages < messages) await sleep(20);
    await this.stop(side);
  }

  async end(): Promise<void> {
    for (const process of [...this.#sides, this.#flood]) await process.end();
  }
}

export function tallyOf(side: Side): Promise<Tally> {
  return side.ask<Tally>({ question: 'tally' });
}

/** Nothing is compared that leaves out what it should do. @throws Error when fewer time steps were judged than messages taken */
export function assertJudged(before: Tally, after: Tally): void {
  const messages = after.messages - before.messages;
  const scores = after.scores - before.scores;
  // The last message of a device waits for the next one, which completes its time step.
  if (scores < LEAST_JUDGED * messages) throw new Error(`${scores} scores of ${messages} messages`);
}

export function taken(before: Tally, after: Tally): Taken {
  return {
    messages: after.messages - before.messages,
    cpuUs: after.cpuUs - before.cpuUs,
    ms: after.atMs - before.atMs,
    after,
  };
}
