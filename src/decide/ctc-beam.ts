/**
 * CTC prefix beam search (Graves, "Supervised Sequence Labelling with Recurrent Neural Networks", 2012, section 7.5; Hannun et
 * al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014), in the log
 * domain. The probability of a path is the sum over all alignments that spell it; when the beam holds every prefix there is,
 * the sums are exact. A token's time is that of the likeliest alignment alone: where it enters the token, as in greedy
 * search.
 */
import type { Batch, Micros, Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { OUTPUT_FRAME_US, type CtcModel } from '../core/recogniser.js';
import { beginSame, readingsOf } from './beam.js';
import type { Bias } from './bias.js';
import type { ContextGraph } from './context-graph.js';
import { emptyPrefix, type Ending, entered, join, lastOf, likelier, NO_TOKEN } from './ctc-prefix.js';
import { openTo, type Prefix, prefixOf, stayed, sumOf } from './ctc-prefix.js';
import { vocabularyOf } from './ctc.js';
import type { Hypothesis } from './hypothesis.js';
import { afterCut, loadPath, savePath, spellSame } from './path-token.js';
import type { SavedNumbers } from './saved-numbers.js';
import { bestOf, Candidates } from './scores.js';
import type { Reading, TokenSearch } from './token-search.js';

/** Tokens before the segment that matter: the last one may go on. */
const ROOTS = 1;

/** Prefixes, the one with the highest score first; never none. */
type Beam = readonly Prefix[];

export class CtcBeamSearch implements TokenSearch<Beam> {
  readonly form = 3;
  readonly #vocabulary: number;
  readonly #candidates: Candidates;
  #bias: Bias;

  /**
   * @param resetEncoder the encoder's memory of a slot starts anew
   * @param paths that are pursued, ≥ 1
   */
  constructor(
    private readonly model: CtcModel,
    private readonly resetEncoder: (slot: Slot) => void,
    private readonly counters: Counters,
    paths: number,
    bias: Bias,
  ) {
    this.#bias = bias;
    this.#vocabulary = vocabularyOf(model);
    this.#candidates = new Candidates(paths);
  }

  begin(): Beam {
    return [emptyPrefix(this.#bias.start)];
  }

  pause(slot: Slot, hypothesis: Hypothesis<Beam>): void {
    hypothesis.memory = this.begin();
    this.resetEncoder(slot);
  }

  /** Paths that begin in another way are gone. The others are compared as before, by scores that begin at 0 again. */
  cut(hypothesis: Hypothesis<Beam>, count: number): void {
    const first = this.#chosen(hypothesis.memory);
    const kept = hypothesis.memory.filter((prefix) =>
      beginSame(likelier(prefix).tokens, likelier(first).tokens, count),
    );
    const highest = this.#scoreOf(first);
    hypothesis.memory = kept.map((prefix) => {
      const standing = this.#bias.by(afterCut(prefix.blank.tokens, count, ROOTS));
      const change = this.#bias.earned(prefix.standing) - this.#bias.earned(standing) - highest;
      const cutEnding = ({ sum, best, tokens, blanks }: Ending): Ending => {
        const after = afterCut(tokens, count, ROOTS);
        return { sum: sum + change, best: best + change, tokens: after, blanks: after.depth > 0 ? blanks : 0 };
      };
      return { blank: cutEnding(prefix.blank), token: cutEnding(prefix.token), standing };
    });
  }

  /** @param output log-probabilities [n, output frames, vocabulary] */
  advance(output: Float32Array, input: Batch, hypotheses: readonly Hypothesis<Beam>[]): void {
    const { outputFrames } = this.model;
    let at = 0;
    for (let row = 0; row < input.n; row++) {
      const hypothesis = hypotheses[input.slot[row]];
      for (let t = 0; t < outputFrames; t++, at += this.#vocabulary) {
        hypothesis.memory = this.#hear(hypothesis.memory, output, at, input.us[row] + t * OUTPUT_FRAME_US);
      }
      const { tokens, blanks } = likelier(hypothesis.memory[0]);
      hypothesis.frames += outputFrames;
      hypothesis.blanks = blanks;
      hypothesis.follow(tokens);
    }
  }

  settle(hypothesis: Hypothesis<Beam>): void {
    hypothesis.follow(this.#bias.wholePartOf(likelier(this.#chosen(hypothesis.memory)).tokens));
  }

  readings({ memory }: Hypothesis<Beam>, us: Micros): Reading[] {
    const chosen = this.#chosen(memory);
    const others = memory.filter((prefix) => prefix !== chosen && this.#bias.isWhole(prefix.standing));
    const paths = [chosen, ...others].map((prefix) => {
      return { last: this.#bias.wholePartOf(likelier(prefix).tokens), score: this.#scoreAtEnd(prefix) };
    });
    return readingsOf(paths, us);
  }

  prefer(phrases: ContextGraph, hypotheses: readonly Hypothesis<Beam>[]): void {
    this.#bias = this.#bias.with(phrases);
    for (const hypothesis of hypotheses) {
      for (const prefix of hypothesis.memory) prefix.standing = this.#bias.by(prefix.blank.tokens);
      hypothesis.memory = this.#sorted(hypothesis.memory);
    }
  }

  save(beam: Beam): number[] {
    const numbers = [beam.length];
    for (const { blank, token } of beam) {
      for (const { sum, best, blanks, tokens } of [blank, token]) {
        numbers.push(sum, best, blanks);
        savePath(tokens, ROOTS, numbers);
      }
    }
    return numbers;
  }

  load(_slot: Slot, numbers: SavedNumbers): Beam {
    const ending = (): Ending => {
      const [sum, best, blanks] = [numbers.next(), numbers.next(), numbers.next()];
      return { sum, best, blanks, tokens: loadPath(numbers, ROOTS) };
    };
    const beam = Array.from({ length: numbers.count(1, 1) }, () => {
      const [blank, token] = [ending(), ending()];
      return { blank, token, standing: this.#bias.by(blank.tokens) };
    });
    return this.#sorted(beam);
  }

  #sorted(beam: Beam): Beam {
    return beam.toSorted((a, b) => this.#scoreOf(b) - this.#scoreOf(a));
  }

  /** What a segment says that is over: the likeliest that may end here; if none may, the likeliest. */
  #chosen(beam: Beam): Prefix {
    const whole = beam.filter(({ standing }) => this.#bias.isWhole(standing));
    let [chosen, ...others] = whole.length > 0 ? whole : beam;
    for (const prefix of others) if (this.#scoreAtEnd(prefix) > this.#scoreAtEnd(chosen)) chosen = prefix;
    return chosen;
  }

  #scoreOf(prefix: Prefix): number {
    return sumOf(prefix) + this.#bias.earned(prefix.standing);
  }

  #scoreAtEnd(prefix: Prefix): number {
    return sumOf(prefix) + this.#bias.earnedAtEnd(prefix.standing);
  }

  #hear(beam: Beam, output: Float32Array, at: number, us: Micros): Beam {
    const { blank } = this.model;
    if (!Number.isFinite(output[at + bestOf(output, at, this.#vocabulary)])) {
      this.counters.count('decide.score-not-finite');
      // A frame of which nothing is known is a blank, whatever the path.
      return beam.map((prefix) => stayed(prefix, 0, -Infinity));
    }
    const candidates = this.#candidates;
    candidates.clear();
    const stay: Prefix[] = [];
    for (const prefix of beam) {
      const last = lastOf(prefix);
      stay.push(stayed(prefix, output[at + blank], last === NO_TOKEN ? -Infinity : output[at + last]));
    }
    const known: number[][] = [];
    for (const prefix of beam) known.push(this.#joinLonger(prefix, beam, stay, output, at, us));
    for (let path = 0; path < stay.length; path++) {
      const score = this.#scoreOf(stay[path]);
      if (score > candidates.bar) candidates.take(score, path, NO_TOKEN);
    }
    for (let path = 0; path < beam.length; path++) this.#offer(beam[path], path, known[path], output, at);
    const next: Prefix[] = [];
    for (let i = 0; i < candidates.count; i++) {
      const [path, id] = [candidates.paths[i], candidates.ids[i]];
      next.push(id === NO_TOKEN ? stay[path] : this.#extended(beam[path], id, output[at + id], us));
    }
    return next;
  }

  /**
   * Where a prefix with one token more is in the beam already, the alignments that enter that token now are its own.
   * @returns such tokens: no new prefix begins with them
   */
  #joinLonger(
    prefix: Prefix,
    beam: Beam,
    stay: readonly Prefix[],
    output: Float32Array,
    at: number,
    us: Micros,
  ): number[] {
    const ids: number[] = [];
    for (let i = 0; i < beam.length; i++) {
      const { id, before } = beam[i].blank.tokens;
      if (!spellSame(before, prefix.blank.tokens)) continue;
      ids.push(id);
      join(stay[i], entered(prefix, id, output[at + id], us));
    }
    return ids;
  }

  /** Candidates with one token more. @param known tokens that lead to no new prefix */
  #offer(prefix: Prefix, path: number, known: readonly number[], output: Float32Array, at: number): void {
    const candidates = this.#candidates;
    const bias = this.#bias;
    const { blank } = this.model;
    const last = lastOf(prefix);
    const [toLast, toOthers] = [openTo(prefix, last), sumOf(prefix)];
    const mostEarned = bias.earned(prefix.standing) + bias.mostEarned;
    for (let id = 0; id < this.#vocabulary; id++) {
      const score = (id === last ? toLast : toOthers) + output[at + id];
      // Phrases and language are asked about the few that they could lift above the bar.
      if (score + mostEarned <= candidates.bar || id === blank || known.includes(id)) continue;
      if (!bias.allows(prefix.standing, id)) continue;
      const total = score + bias.earned(bias.after(prefix.standing, id));
      if (total > candidates.bar) candidates.take(total, path, id);
    }
  }

  #extended(prefix: Prefix, id: number, logProb: number, us: Micros): Prefix {
    return prefixOf(entered(prefix, id, logProb, us), this.#bias.after(prefix.standing, id));
  }
}
