/**
 * What has arrived and not been taken: handed on in batches, one a turn of the event loop, as far as credit goes.
 * Packets get their number when they leave, so that those dropped before leave no hole.
 */
import type { Subject } from 'rxjs';
import type { Packet } from '../core/contracts.js';
import { Fifo } from '../core/fifo.js';

/**
 * More wait for the next turn, so that timers, acknowledgements and other connections come in between: a thousand
 * messages take some milliseconds.
 */
const TURN_PACKETS = 512;
/** Streams remembered as having lost something; beyond, those that have waited longest to hear of it are forgotten. */
const MAX_LOSERS = 65_536;

/** A packet whose `seq` is still to come. */
export type Arrival = { -readonly [K in keyof Packet]: Packet[K] };

export class PacketQueue {
  readonly #out: Subject<readonly Packet[]>;
  readonly #afterTurn: () => void;
  readonly #waiting = new Fifo<Arrival>();
  /** Streams of which something was dropped since the last that was handed on. */
  readonly #losers = new Set<string>();
  /** A sum without meaning that is kept, or nothing would be read. */
  read = 0;
  #seq = 0;
  #bytes = 0;
  #credit = 0;
  #turn: NodeJS.Immediate | undefined;
  #closed = false;

  /** @param afterTurn called after every batch, when there is room again */
  constructor(out: Subject<readonly Packet[]>, afterTurn: () => void = () => {}) {
    this.#out = out;
    this.#afterTurn = afterTurn;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Payload of all that waits. */
  get bytes(): number {
    return this.#bytes;
  }

  push(packet: Arrival): void {
    this.#bytes += packet.bytes.length;
    this.#waiting.push(packet);
    this.#schedule();
  }

  /** How many wait for credit; the others leave in the next turns. */
  get beyondCredit(): number {
    return Math.max(0, this.length - this.#credit);
  }

  /** How many must wait longer than the next turn. */
  get beyondTurn(): number {
    return Math.max(0, this.length - Math.min(this.#credit, TURN_PACKETS));
  }

  /** Drops the oldest; the next of its stream that is handed on has the mark `gap`. @returns it */
  drop(): Arrival | undefined {
    const dropped = this.#waiting.shift();
    if (dropped === undefined) return undefined;
    this.#bytes -= dropped.bytes.length;
    const { stream } = dropped.route;
    if (this.#losers.size >= MAX_LOSERS) for (const first of this.#losers) if (this.#losers.delete(first)) break;
    this.#losers.add(stream);
    return dropped;
  }

  credit(packets: number): void {
    this.#credit += packets;
    this.#schedule();
  }

  /** Hands on what credit allows, then nothing more. @returns what is left over */
  close(): { readonly packets: number; readonly bytes: number } {
    while (this.#hand());
    this.#closed = true;
    clearImmediate(this.#turn);
    const left = { packets: this.length, bytes: this.#bytes };
    this.#waiting.take(left.packets);
    this.#bytes = 0;
    return left;
  }

  #schedule(): void {
    if (this.#turn !== undefined || this.#closed || this.#credit === 0 || this.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#hand();
      this.#schedule();
      this.#afterTurn();
    });
  }

  /** @returns whether there was something to hand on */
  #hand(): boolean {
    const n = Math.min(this.#credit, this.length, TURN_PACKETS);
    if (n === 0 || this.#closed) return false;
    const batch = this.#waiting.take(n);
    this.#credit -= n;
    let read = 0;
    for (let i = 0; i < n; i++) {
      const packet = batch[i];
      packet.seq = ++this.#seq;
      // The decoder is going to ask for it: of very many streams it lies in main memory, from where it comes for several
      // packets at a time here, there for one after the other.
      read += packet.route.stream.length;
      this.#bytes -= packet.bytes.length;
      if (this.#losers.size > 0 && this.#losers.delete(packet.route.stream)) packet.mark ??= 'gap';
    }
    this.read = read;
    this.#out.next(batch);
    return true;
  }
}
