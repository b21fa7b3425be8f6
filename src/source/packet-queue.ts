/**
 * What has arrived and not been taken: handed on in batches, one a turn of the event loop, as far as credit goes.
 * Packets get their number when they leave, so that those dropped before leave no hole.
 */
import type { Subject } from 'rxjs';
import type { Packet } from '../core/contracts.js';

/** A packet whose `seq` is still to come. */
export type Arrival = { -readonly [K in keyof Packet]: Packet[K] };

export class PacketQueue {
  readonly #out: Subject<readonly Packet[]>;
  readonly #afterTurn: () => void;
  #waiting: Arrival[] = [];
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

  /** How many wait for credit; the others leave in the next turn. */
  get beyondCredit(): number {
    return Math.max(0, this.#waiting.length - this.#credit);
  }

  /** The one of a stream that leaves next. */
  oldestOf(stream: string): Arrival | undefined {
    return this.#waiting.find(({ route }) => route.stream === stream);
  }

  /** Drops the oldest. @returns it */
  drop(): Arrival | undefined {
    const dropped = this.#waiting.shift();
    this.#bytes -= dropped?.bytes.length ?? 0;
    return dropped;
  }

  credit(packets: number): void {
    this.#credit += packets;
    this.#schedule();
  }

  /** Hands on what credit allows, then nothing more. @returns what is left over */
  close(): { readonly packets: number; readonly bytes: number } {
    this.#hand();
    this.#closed = true;
    clearImmediate(this.#turn);
    const left = { packets: this.#waiting.length, bytes: this.#bytes };
    this.#waiting = [];
    this.#bytes = 0;
    return left;
  }

  #schedule(): void {
    if (this.#turn !== undefined || this.#closed || this.#credit === 0 || this.#waiting.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#hand();
      this.#schedule();
      this.#afterTurn();
    });
  }

  #hand(): void {
    const n = Math.min(this.#credit, this.#waiting.length);
    if (n === 0 || this.#closed) return;
    const batch = n === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, n);
    this.#waiting = n === this.#waiting.length ? [] : this.#waiting.slice(n);
    this.#credit -= n;
    for (let i = 0; i < n; i++) {
      batch[i].seq = ++this.#seq;
      this.#bytes -= batch[i].bytes.length;
    }
    this.#out.next(batch);
  }
}
