/** A path of beam search through a transducer. */
import type { Standing } from './bias.js';
import { spellSame } from './path-token.js';
import { logAdd } from './scores.js';
import type { AskingPath } from './transducer-runs.js';

export interface Path extends AskingPath {
  /** ln of its probability, summed over its alignments, but for a constant of the segment. */
  score: number;
  standing: Standing;
  /** Output frames since its last token. */
  blanks: number;
}

/** Rows of decoder and joiner that a stream may need: behind a pause there is one path more. */
export function rowsOf(paths: number): number {
  return paths + 1;
}

/** That with the highest total a token, those of the context included: longer ones have lower totals. */
export function bestPath(beam: readonly Path[], contextSize: number, totalOf: (path: Path) => number): Path {
  let [best] = beam;
  let highest = -Infinity;
  for (const path of beam) {
    const score = totalOf(path) / (path.last.depth + contextSize);
    if (score > highest) [best, highest] = [path, score];
  }
  return best;
}

/** Of paths that spell the same, the first one goes on, for both. */
export function add(beam: Path[], path: Path): void {
  for (const other of beam) {
    if (!spellSame(other.last, path.last)) continue;
    other.score = logAdd(other.score, path.score);
    return;
  }
  beam.push(path);
}
