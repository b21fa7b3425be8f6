/** One signal object for every list of channel names, so that later stages compare lists by reference. */
import type { Signal } from '../core/contracts.js';

export type ChannelSignal = Extract<Signal, { kind: 'channels' }>;

interface Node {
  readonly next: Map<string, Node>;
  signal?: ChannelSignal;
}

/** Devices that invent a new name with every message must not fill the memory: then the tree starts anew. */
const MAX_NODES = 4096;

/**
 * A tree of names in the order in which they come: finding the list of a message costs one map look-up a name and
 * builds no key. Two messages with the same names in the same order get the same object (until the tree starts anew).
 */
export class Shapes {
  #root: Node = { next: new Map() };
  #nodes = 1;

  /** @param names the first `n` are the list; copied when it is new */
  signalOf(names: readonly string[], n: number): ChannelSignal {
    if (this.#nodes + n > MAX_NODES) {
      this.#root = { next: new Map() };
      this.#nodes = 1;
    }
    let node = this.#root;
    for (let i = 0; i < n; i++) {
      let next = node.next.get(names[i]);
      if (next === undefined) {
        next = { next: new Map() };
        node.next.set(names[i], next);
        this.#nodes++;
      }
      node = next;
    }
    node.signal ??= { kind: 'channels', names: names.slice(0, n), stepUs: 0 };
    return node.signal;
  }
}
