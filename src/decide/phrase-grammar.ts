/**
 * A closed vocabulary: nothing but these phrases, in any order and number. Where one phrase is the beginning of another, a
 * path is at several places of the tree of phrases at once; such sets are numbered as they are met.
 */

/** A number of the grammar; of no use in another one. */
export type Place = number;

interface Places {
  /** Of the tree, ascending. */
  readonly nodes: readonly number[];
  /** By token, as far as it was asked for; only what may follow, which is little of a vocabulary. */
  readonly after: Map<number, Place>;
}

const ROOT = 0;

export class PhraseGrammar {
  /** Before the first token, and whenever a phrase is over and no longer one goes on. */
  readonly start: Place = 0;
  /** The tree of phrases: the next node by token, and whether a phrase ends there. */
  readonly #next: Map<number, number>[] = [new Map()];
  readonly #ends: boolean[] = [false];
  readonly #places: Places[] = [];
  /** By their nodes. */
  readonly #known = new Map<string, Place>();

  /** @param phrases tokens of each, at least one */
  constructor(phrases: readonly (readonly number[])[]) {
    for (const ids of phrases) {
      let node = ROOT;
      for (const id of ids) {
        const next = this.#next[node].get(id) ?? this.#next.length;
        if (next === this.#next.length) {
          this.#next[node].set(id, next);
          this.#next.push(new Map());
          this.#ends.push(false);
        }
        node = next;
      }
      this.#ends[node] = true;
    }
    this.#placeOf([ROOT]);
  }

  /** @returns undefined when the token must not follow */
  after(place: Place, id: number): Place | undefined {
    const { nodes, after } = this.#places[place];
    const known = after.get(id);
    if (known !== undefined) return known;
    const found = this.#find(nodes, id);
    if (found !== undefined) after.set(id, found);
    return found;
  }

  /** Whether nothing but whole phrases were said. */
  isWhole(place: Place): boolean {
    return this.#places[place].nodes[0] === ROOT;
  }

  #find(nodes: readonly number[], id: number): Place | undefined {
    // Most tokens that are asked for may not follow: for those nothing is made.
    let next: Set<number> | undefined;
    for (const node of nodes) {
      const target = this.#next[node].get(id);
      if (target === undefined) continue;
      next ??= new Set();
      next.add(target);
      if (this.#ends[target]) next.add(ROOT);
    }
    return next && this.#placeOf([...next].toSorted((a, b) => a - b));
  }

  #placeOf(nodes: readonly number[]): Place {
    const key = nodes.join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.#places.length);
    return this.#places.push({ nodes, after: new Map() }) - 1;
  }
}
