/** From the times at which keywords were told to false rejects and false accepts. */
import type { Interval } from '../core/bootstrap.js';
import type { Micros } from '../core/contracts.js';
import { poissonInterval, shareInterval } from './exact-intervals.js';
import { type Spread, spreadOf } from './latency.js';
import type { Word } from './word-delays.js';

/** What is told so long after the end of a keyword still means it. */
const LATE_US = 500_000;
const HOUR_S = 3600;

/** Where a keyword may be told and be right. */
interface Place {
  readonly fromUs: Micros;
  readonly toUs: Micros;
  /** End of the keyword; absent: nobody knows. */
  readonly endUs?: Micros;
}

/** One recording, and one keyword in it. */
export interface Spotted {
  /** Words that are said, in their order. */
  readonly words: readonly Word[];
  /** Words of the keyword, at least one. */
  readonly keyword: readonly string[];
  /** Where in the recording it was told: ends of steps, ascending. */
  readonly toldUs: readonly Micros[];
  readonly seconds: number;
  /** Audio behind the end of a step that has to be heard before it is told of. */
  readonly aheadUs: Micros;
}

export interface KeywordTally {
  /** Times that it is said, and of those, times that it was not told. */
  readonly said: number;
  readonly missed: number;
  /** Times that it was told where nobody says it. */
  readonly falseAccepts: number;
  /** Times that it was told once more for the same. */
  readonly repeats: number;
  /** Audio in which nobody says it. */
  readonly quietSeconds: number;
  /** From its end until it was told, s of audio; where the end is known. */
  readonly delays: readonly number[];
}

export interface KeywordFigures extends Omit<KeywordTally, 'delays'> {
  /** Share of what is said; NaN: it is never said. */
  readonly falseRejectRate: number;
  /** In audio in which it is not said; NaN: it is said everywhere. */
  readonly falseAcceptsPerHour: number;
  readonly ci95: Readonly<Record<'falseRejectRate' | 'falseAcceptsPerHour', Interval>>;
  /** s; null: the ends are not known, or it was never told. */
  readonly delayS: Spread | null;
}

/**
 * Where it is known when the keyword is said, it may be told from its beginning until half a second after its end, and is
 * the one that ends nearest; elsewhere, anywhere in a recording in which it is said.
 */
export function tallyOf({ words, keyword, toldUs, seconds, aheadUs }: Spotted): KeywordTally {
  const places = placesOf(words, keyword);
  const free = new Set(places);
  const delays: number[] = [];
  let falseAccepts = 0;
  let repeats = 0;
  for (const us of toldUs) {
    const here = places.filter(({ fromUs, toUs }) => fromUs < us && us <= toUs);
    if (here.length === 0) {
      falseAccepts++;
      continue;
    }
    const place = nearest(
      here.filter((one) => free.has(one)),
      us,
    );
    if (place === undefined) {
      repeats++;
      continue;
    }
    free.delete(place);
    if (place.endUs !== undefined) delays.push((us + aheadUs - place.endUs) / 1e6);
  }
  const quietSeconds = Math.max(0, seconds - lengthOf(places, seconds * 1e6) / 1e6);
  return { said: places.length, missed: free.size, falseAccepts, repeats, quietSeconds, delays };
}

/** All recordings together. */
export function keywordFigures(tallies: readonly KeywordTally[]): KeywordFigures {
  const sum = (of: (tally: KeywordTally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const counts = {
    said: sum(({ said }) => said),
    missed: sum(({ missed }) => missed),
    falseAccepts: sum(({ falseAccepts }) => falseAccepts),
    repeats: sum(({ repeats }) => repeats),
    quietSeconds: sum(({ quietSeconds }) => quietSeconds),
  };
  return figuresOf(counts, counts.quietSeconds, spreadOf(tallies.flatMap(({ delays }) => delays)));
}

/**
 * Of several keywords, each in all recordings: the false accepts of all of them in an hour in which none is said, which is the
 * sum of theirs where the hours are the same.
 * @param tallies of each keyword, at least one
 */
export function keywordsTogether(tallies: readonly (readonly KeywordTally[])[]): KeywordFigures {
  const all = keywordFigures(tallies.flat());
  return figuresOf(all, all.quietSeconds / tallies.length, all.delayS);
}

function figuresOf(counts: Omit<KeywordTally, 'delays'>, quietSeconds: number, delayS: Spread | null): KeywordFigures {
  const { said, missed, falseAccepts, repeats } = counts;
  const hours = quietSeconds / HOUR_S;
  const perHour = (count: number): number => (hours > 0 ? count / hours : NaN);
  const { low, high } = poissonInterval(falseAccepts);
  return {
    said,
    missed,
    falseAccepts,
    repeats,
    quietSeconds,
    falseRejectRate: said > 0 ? missed / said : NaN,
    falseAcceptsPerHour: perHour(falseAccepts),
    ci95: {
      falseRejectRate: shareInterval(missed, said),
      falseAcceptsPerHour: { low: perHour(low), high: perHour(high) },
    },
    delayS,
  };
}

/** Non-overlapping, the first one first. */
function placesOf(words: readonly Word[], keyword: readonly string[]): Place[] {
  const places: Place[] = [];
  for (let i = 0; i + keyword.length <= words.length; i++) {
    if (!keyword.every((word, k) => words[i + k].text === word)) continue;
    const { startUs } = words[i];
    const { endUs } = words[i + keyword.length - 1];
    const isKnown = startUs !== undefined && endUs !== undefined;
    places.push(isKnown ? { fromUs: startUs, toUs: endUs + LATE_US, endUs } : { fromUs: -Infinity, toUs: Infinity });
    i += keyword.length - 1;
  }
  return places;
}

/** Of places whose ends are not known, the first. */
function nearest(places: readonly Place[], us: Micros): Place | undefined {
  const distance = ({ endUs = us }: Place): number => Math.abs(us - endUs);
  return places.reduce<Place | undefined>(
    (best, place) => (best === undefined || distance(place) < distance(best) ? place : best),
    undefined,
  );
}

/** µs that places cover, those that several cover once. */
function lengthOf(places: readonly Place[], endUs: Micros): Micros {
  let covered = 0;
  let upTo = 0;
  for (const { fromUs, toUs } of places) {
    covered += Math.max(0, Math.min(toUs, endUs) - Math.max(fromUs, upTo));
    upTo = Math.max(upTo, toUs);
  }
  return covered;
}
