/** A reading's channels → the aligner's. */

/** Place of every channel of one list of names; −1 = not one of ours. */
export interface Places {
  readonly of: Int32Array;
  /** The first that is ours, −1 = none. */
  readonly first: number;
  readonly unknown: number;
}

/** Decoders send the same list object again and again, so the names are looked up once a list. */
export class ChannelPlaces {
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #known = new WeakMap<readonly string[], Places>();
  #lastNames: readonly string[] | undefined;
  #last: Places | undefined;

  constructor(names: readonly string[]) {
    this.#indexOf = new Map(names.map((name, i) => [name, i]));
  }

  of(names: readonly string[]): Places {
    if (this.#last !== undefined && this.#lastNames === names) return this.#last;
    let places = this.#known.get(names);
    if (places === undefined) {
      places = this.#lookUp(names);
      this.#known.set(names, places);
    }
    this.#lastNames = names;
    this.#last = places;
    return places;
  }

  #lookUp(names: readonly string[]): Places {
    const of = Int32Array.from(names, (name) => this.#indexOf.get(name) ?? -1);
    return { of, first: of.find((place) => place >= 0) ?? -1, unknown: of.filter((place) => place < 0).length };
  }
}
