/** The acknowledgement that is withheld while nothing more can be taken; mqtt.js then reads nothing more either. */

type Done = (error?: Error) => void;

export class Withheld {
  readonly #pingEveryMs: number;
  readonly #ping: () => void;
  #done: Done | undefined;
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
    this.#done = done;
    this.#heartbeat = setInterval(this.#ping, this.#pingEveryMs);
  }

  /** Goes on; with an error the message stays unacknowledged and comes again in the next session. */
  release(error?: Error): void {
    const done = this.#done;
    this.forget();
    done?.(error);
  }

  /** The connection is gone. On the next one, the number of the message may be that of another: it is never acknowledged. */
  forget(): void {
    this.#done = undefined;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}
