/**
 * Tokens of the paths of a beam, each pointing back to the one before it: paths that have parted share what they have in
 * common. Before the first token of a segment stand roots: what the search looks back at beyond the segment.
 */
import type { Micros } from '../core/contracts.js';
import type { SavedNumbers } from './saved-numbers.js';

export interface PathToken {
  readonly before: PathToken | undefined;
  /** Of the vocabulary; below 0: none. */
  readonly id: number;
  readonly startUs: Micros;
  /** Natural logarithm of its probability. */
  readonly logProb: number;
  /** 1, 2, … from the beginning of the segment; ≤ 0: before it. */
  readonly depth: number;
}

/** Numbers of a saved token. */
const FIELDS = 3;

/** @param context ids of what stands before a segment, at least one @returns the last of the roots */
export function rootOf(context: readonly number[]): PathToken {
  let root: PathToken | undefined;
  context.forEach((id, i) => {
    root = { before: root, id, startUs: 0, logProb: 0, depth: i + 1 - context.length };
  });
  if (root === undefined) throw new RangeError('a path needs a root');
  return root;
}

/** @param before the token that it follows */
export function tokenAfter(before: PathToken, id: number, startUs: Micros, logProb: number): PathToken {
  return { before, id, startUs, logProb, depth: before.depth + 1 };
}

/** Whether both spell the same, roots included. */
export function spellSame(a: PathToken | undefined, b: PathToken | undefined): boolean {
  while (a !== b) {
    if (a === undefined || b === undefined || a.id !== b.id || a.depth !== b.depth) return false;
    a = a.before;
    b = b.before;
  }
  return true;
}

/** The tokens of the segment, the first one first, up to those that begin at `beforeUs`. */
export function tokensOf(last: PathToken, beforeUs = Infinity): PathToken[] {
  const tokens: PathToken[] = [];
  for (let token = last; token.depth > 0 && token.before !== undefined; token = token.before) {
    if (token.startUs < beforeUs) tokens.push(token);
  }
  return tokens.toReversed();
}

/** Ids of the last `count` tokens, roots included, the oldest first. */
export function lastIds(last: PathToken, count: number): number[] {
  const ids: number[] = [];
  for (let token: PathToken | undefined = last; token !== undefined && ids.length < count; token = token.before) {
    ids.push(token.id);
  }
  return ids.toReversed();
}

/** The same path whose first `count` tokens stand before the segment; of those the last `roots` are kept. */
export function afterCut(last: PathToken, count: number, roots: number): PathToken {
  const kept: PathToken[] = [];
  for (let token: PathToken | undefined = last; token !== undefined && token.depth > count; token = token.before) {
    kept.push(token);
  }
  const border = kept.at(-1)?.before ?? last;
  let moved = rootOf(lastIds(border, roots));
  for (const { id, startUs, logProb } of kept.toReversed()) moved = tokenAfter(moved, id, startUs, logProb);
  return moved;
}

/** Appends a path to what is saved. */
export function savePath(last: PathToken, roots: number, numbers: number[]): void {
  const tokens = tokensOf(last);
  numbers.push(...lastIds(tokens[0]?.before ?? last, roots), tokens.length);
  for (const { id, startUs, logProb } of tokens) numbers.push(id, startUs, logProb);
}

/** The inverse of `savePath`. @throws UserError `SNAPSHOT_INVALID` */
export function loadPath(numbers: SavedNumbers, roots: number): PathToken {
  let last = rootOf(Array.from({ length: roots }, () => numbers.next()));
  for (let left = numbers.count(FIELDS); left > 0; left--) {
    last = tokenAfter(last, numbers.next(), numbers.next(), numbers.next());
  }
  return last;
}
