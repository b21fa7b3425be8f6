/** The acknowledgements that are withheld while nothing more can be taken; mqtt.js then reads nothing more either. */

type Done = (error?: Error) => void;

export class Withheld {
  readonly #pingEveryMs: number;
  readonly #ping: () => void;
  /** More than one when a message that was read before comes after one that holds everything up. */
  #done: Done[] = [];
  #heartbeat: NodeJS.Timeout | undefined;

  /**
   * @param ping While nothing is read, the answers to pings are not read either, and mqtt.js would call the connection
   * lost. So pings are sent from here, for the broker to keep it; whether it is still there shows when reading goes on.
   */
  constructor(pingEveryMs: number, ping: () => void) {
    this.#pingEveryMs = pingEveryMs;
    this.#ping = ping;
  }

  hold(done: Done): void {
    this.#done.push(done);
    this.#heartbeat ??= setInterval(this.#ping, this.#pingEveryMs);
  }

  /** Goes on; with an error the message stays unacknowledged and comes again in the next session. */
  release(error?: Error): void {
    const waiting = this.#done;
    this.forget();
    for (const done of waiting) done(error);
  }

  /** The connection is gone. On the next one, the number of the message may be that of another: it is never acknowledged. */
  forget(): void {
    this.#done = [];
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}
