/** Where in a JSON value a field is: `temp`, `data.temp`, `values[0]`, `["odd.name"].x`. Compiled once, walked often. */
import { z } from 'zod';

const STEP = /\.?([^.[\]"]+)|\[(\d+)\]|\["([^"]+)"\]/g;
const PATH = /^(?:[^.[\]"]+|\[\d+\]|\["[^"]+"\])(?:\.[^.[\]"]+|\[\d+\]|\["[^"]+"\])*$/;

/** A field path as a user writes it. */
export const fieldPath = z
  .string()
  .regex(PATH, 'is not a field path such as temp, data.temp, values[0] or ["odd.name"]');

/** Object keys and array indexes, from the outside in; at least one. */
export type Path = readonly (string | number)[];

/** @param text matches `fieldPath` */
export function compilePath(text: string): Path {
  const steps: (string | number)[] = [];
  for (const [, name, index, quoted] of text.matchAll(STEP)) {
    steps.push(index === undefined ? (name ?? quoted) : Number(index));
  }
  return steps;
}

/**
 * The value at `path`, or undefined when there is none. Only own properties count: a field named `constructor` or
 * `__proto__` is data or absent, never the prototype's.
 */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (let i = 0; i < path.length; i++) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, path[i])) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[path[i]];
  }
  return at;
}
