/** A long series of forecasts and values, reduced to the two of every stretch that were missed most. */
import type { ChannelScale } from '../core/card.js';
import type { Micros } from '../core/contracts.js';
import { fromZ } from '../feature/scaling.js';
import type { Foretold } from './foretold.js';
import type { HeldOutSeries } from './record.js';

/** Stretches of a series at most; a page is not much wider. */
const MOST_STRETCHES = 500;

interface Point {
  readonly us: Micros;
  readonly observed: number;
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** By how much the value was higher than foretold, normalised. */
  readonly excess: number;
}

export class ThinnedSeries {
  /** Time steps of a stretch. */
  readonly every: number;
  /** Of each stretch the value that was highest above its forecast, and the lowest below. */
  readonly #highest: (Point | undefined)[];
  readonly #lowest: (Point | undefined)[];

  /** @param steps time steps of the series, observed or not */
  constructor(steps: number) {
    this.every = steps <= 2 * MOST_STRETCHES ? 1 : Math.ceil(steps / MOST_STRETCHES);
    const stretches = Math.ceil(steps / this.every);
    this.#highest = Array<undefined>(stretches).fill(undefined);
    this.#lowest = Array<undefined>(stretches).fill(undefined);
  }

  /**
   * In any order.
   * @param step 0 … steps − 1
   * @param observed normalised, by `scale`
   */
  add(step: number, us: Micros, observed: number, foretold: Foretold, scale: ChannelScale): void {
    const stretch = Math.floor(step / this.every);
    const excess = observed - foretold.mean;
    const highest = this.#highest[stretch];
    const lowest = this.#lowest[stretch];
    const isHighest =
      highest === undefined || excess > highest.excess || (excess === highest.excess && us < highest.us);
    const isLowest = lowest === undefined || excess < lowest.excess || (excess === lowest.excess && us < lowest.us);
    if (!isHighest && !isLowest) return;
    const units = (z: number): number => fromZ(z, scale.center, scale.scale);
    const point: Point = {
      us,
      observed: units(observed),
      expected: units(foretold.mean),
      low: units(foretold.low),
      high: units(foretold.high),
      excess,
    };
    if (isHighest) this.#highest[stretch] = point;
    if (isLowest) this.#lowest[stretch] = point;
  }

  /** @param spread whether low and high were foretold */
  columns(spread: boolean): Pick<HeldOutSeries, 'every' | 'us' | 'observed' | 'expected' | 'low' | 'high'> {
    const points = this.#highest.flatMap((highest, stretch) => {
      const lowest = this.#lowest[stretch];
      if (highest === undefined || lowest === undefined) return [];
      if (highest.us === lowest.us) return [highest];
      return highest.us < lowest.us ? [highest, lowest] : [lowest, highest];
    });
    const column = (name: keyof Point): number[] => points.map((point) => point[name]);
    return {
      every: this.every,
      us: column('us'),
      observed: column('observed'),
      expected: column('expected'),
      ...(spread ? { low: column('low'), high: column('high') } : {}),
    };
  }
}
