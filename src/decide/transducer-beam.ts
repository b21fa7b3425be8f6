/**
 * Beam search through a transducer with a stateless decoder, at most one token a frame (icefall's and sherpa-onnx's
 * `modified_beam_search`). Of all paths, each behind all tokens, the best few go on; those that spell the same become one, whose
 * probability is their sum. The best path is that with the highest score a token: longer ones have lower scores.
 * The paths of all streams of a batch share the runs of decoder and joiner.
 */
import type { Batch, Micros, Net, Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import { OUTPUT_FRAME_US, type TransducerModel } from '../core/recogniser.js';
import { beginSame, readingsOf } from './beam.js';
import type { Bias } from './bias.js';
import type { ContextGraph } from './context-graph.js';
import type { Hypothesis } from './hypothesis.js';
import { afterCut, loadPath, rootOf, savePath, tokenAfter } from './path-token.js';
import type { SavedNumbers } from './saved-numbers.js';
import { Candidates, logSum } from './scores.js';
import type { Reading, TokenSearch } from './token-search.js';
import { add, bestPath, type Path, rowsOf } from './transducer-path.js';
import { TransducerRuns } from './transducer-runs.js';
import { NO_TOKEN, TEMPERATURE } from './transducer.js';

/** Never empty. */
type Beam = readonly Path[];

export class TransducerBeamSearch implements TokenSearch<Beam> {
  readonly form = 4;
  readonly #runs: TransducerRuns;
  readonly #candidates: Candidates;
  #bias: Bias;
  readonly #totalOf = ({ score, standing }: Path): number => score + this.#bias.earned(standing);
  readonly #totalAtEnd = ({ score, standing }: Path): number => score + this.#bias.earnedAtEnd(standing);

  /**
   * @param decoder,joiner opened with room for all paths of all streams
   * @param paths that are pursued for each stream, ≥ 1
   */
  constructor(
    private readonly model: TransducerModel,
    decoder: Net,
    joiner: Net,
    private readonly counters: Counters,
    paths: number,
    bias: Bias,
  ) {
    this.#bias = bias;
    this.#runs = new TransducerRuns(decoder, joiner, model.contextSize);
    if (this.#runs.rows < rowsOf(paths)) throw new BugError('decoder or joiner is too small');
    this.#candidates = new Candidates(paths);
  }

  begin(): Beam {
    const { blank, contextSize } = this.model;
    const context = Array.from({ length: contextSize }, (_, i) => (i === contextSize - 1 ? blank : NO_TOKEN));
    return [{ last: rootOf(context), score: 0, standing: this.#bias.start, blanks: 0, said: undefined }];
  }

  /**
   * After speech every path goes on from its last tokens, with the score that it has, and beside them one begins anew, with
   * the score of a new stream. After a segment without any there is only that one. sherpa-onnx does so.
   */
  pause(_slot: Slot, hypothesis: Hypothesis<Beam>, spoke: boolean): void {
    const paths = spoke ? hypothesis.memory : [];
    const next = [...this.begin()];
    for (const path of paths) add(next, this.#goOn(path, path.last.depth, this.#totalAtEnd(path)));
    hypothesis.memory = next;
  }

  /** Paths that begin in another way are gone. The others are compared as before, by scores that begin at 0 again. */
  cut(hypothesis: Hypothesis<Beam>, count: number): void {
    const best = this.#chosen(hypothesis.memory);
    const highest = this.#totalOf(best);
    const kept = hypothesis.memory.filter((path) => beginSame(path.last, best.last, count));
    const next: Path[] = [];
    for (const path of kept) {
      const after = this.#goOn(path, count, this.#totalOf(path));
      after.score -= highest;
      add(next, after);
    }
    hypothesis.memory = next;
  }

  /** @param output [n, output frames, joiner width] */
  advance(output: Float32Array, input: Batch, hypotheses: readonly Hypothesis<Beam>[]): void {
    const { outputFrames } = this.model;
    for (let t = 0; t < outputFrames; t++) {
      for (let from = 0, to = 0; from < input.n; from = to) {
        to = this.#run(output, t, from, input, hypotheses);
        for (let row = from, at = 0; row < to; row++) {
          const hypothesis = hypotheses[input.slot[row]];
          const beam = hypothesis.memory;
          hypothesis.memory = this.#hear(beam, at, input.us[row] + t * OUTPUT_FRAME_US);
          at += beam.length;
        }
      }
    }
    for (let row = 0; row < input.n; row++) {
      const hypothesis = hypotheses[input.slot[row]];
      const { last, blanks } = bestPath(hypothesis.memory, this.model.contextSize, this.#totalOf);
      hypothesis.frames += outputFrames;
      hypothesis.blanks = blanks;
      hypothesis.follow(last);
    }
  }

  settle(hypothesis: Hypothesis<Beam>): void {
    hypothesis.follow(this.#bias.wholePartOf(this.#chosen(hypothesis.memory).last));
  }

  readings({ memory }: Hypothesis<Beam>, us: Micros): Reading[] {
    const chosen = this.#chosen(memory);
    const others = memory.filter((path) => path !== chosen && this.#bias.isWhole(path.standing));
    const paths = [chosen, ...others].map((path) => {
      return { last: this.#bias.wholePartOf(path.last), score: this.#totalAtEnd(path) };
    });
    return readingsOf(paths, us);
  }

  prefer(phrases: ContextGraph, hypotheses: readonly Hypothesis<Beam>[]): void {
    this.#bias = this.#bias.with(phrases);
    for (const hypothesis of hypotheses) {
      for (const path of hypothesis.memory) path.standing = this.#bias.by(path.last);
    }
  }

  save(beam: Beam): number[] {
    const numbers = [beam.length];
    for (const { last, score, blanks } of beam) {
      numbers.push(score, blanks);
      savePath(last, this.model.contextSize, numbers);
    }
    return numbers;
  }

  load(_slot: Slot, numbers: SavedNumbers): Beam {
    const beam = Array.from({ length: numbers.count(1, 1) }, (): Path => {
      const [score, blanks] = [numbers.next(), numbers.next()];
      const last = loadPath(numbers, this.model.contextSize);
      return { last, score, blanks, standing: this.#bias.by(last), said: undefined };
    });
    // It may have been saved by a search with more paths.
    if (beam.length <= this.#runs.rows) return beam;
    return beam.toSorted((a, b) => this.#totalOf(b) - this.#totalOf(a)).slice(0, this.#runs.rows);
  }

  /** What a segment says that is over: the best of those that may end here; if none may, the best. */
  #chosen(beam: Beam): Path {
    const whole = beam.filter(({ standing }) => this.#bias.isWhole(standing));
    return bestPath(whole.length > 0 ? whole : beam, this.model.contextSize, this.#totalAtEnd);
  }

  /**
   * A path in the next segment. What it has earned stays.
   * @param count of its tokens that are final
   * @param total with what it has earned
   */
  #goOn(path: Path, count: number, total: number): Path {
    const last = afterCut(path.last, count, this.model.contextSize);
    const standing = this.#bias.by(last);
    const score = total - this.#bias.earned(standing);
    return { last, score, standing, blanks: last.depth > 0 ? path.blanks : 0, said: path.said };
  }

  /**
   * Runs decoder and joiner for all paths of the streams from row `from` on, as far as they fit into one run.
   * @returns the row behind the last of them
   */
  #run(
    output: Float32Array,
    t: number,
    from: number,
    { n, slot }: Batch,
    hypotheses: readonly Hypothesis<Beam>[],
  ): number {
    const runs = this.#runs;
    runs.clear();
    let to = from;
    for (let paths = 0; to < n; to++) {
      const beam = hypotheses[slot[to]].memory;
      paths += beam.length;
      if (paths > runs.rows) break;
      for (const path of beam) runs.add(path, output, to * this.model.outputFrames + t);
    }
    runs.run();
    return to;
  }

  /** @param row of the first path among the logits */
  #hear(beam: Beam, row: number, us: Micros): Beam {
    const { logits, vocabulary } = this.#runs;
    const candidates = this.#candidates;
    const { mostGain } = this.#bias;
    candidates.clear();
    for (let path = 0; path < beam.length; path++) {
      const at = (row + path) * vocabulary;
      const norm = logSum(logits, at, vocabulary);
      if (!Number.isFinite(norm)) return this.#hearNothing(beam);
      const base = this.#totalOf(beam[path]) - norm;
      for (let id = 0; id < vocabulary; id++) {
        const score = base + logits[at + id];
        if (score + mostGain <= candidates.bar || !this.#allows(beam[path], id)) continue;
        const total = score + this.#gain(beam[path], id);
        if (total > candidates.bar) candidates.take(total, path, id);
      }
    }
    const next: Path[] = [];
    for (let i = 0; i < candidates.count; i++) {
      const path = beam[candidates.paths[i]];
      const at = (row + candidates.paths[i]) * vocabulary;
      add(next, this.#after(path, candidates.ids[i], candidates.scores[i], at, us));
    }
    return next;
  }

  /** @param total with what the path has earned before, and the language's gain @param at of the path's logits */
  #after(path: Path, id: number, total: number, at: number, us: Micros): Path {
    const { last, standing, blanks, said } = path;
    const score = total - this.#gain(path, id) - this.#bias.earned(standing);
    if (this.#isSilent(id)) return { last, score, standing, blanks: blanks + 1, said };
    const { logits, vocabulary } = this.#runs;
    const logProb = logits[at + id] / TEMPERATURE - logSum(logits, at, vocabulary, TEMPERATURE);
    const token = tokenAfter(last, id, us, logProb);
    return { last: token, score, standing: this.#bias.after(standing, id), blanks: 0, said: undefined };
  }

  /** What a token says to the language model decides which paths go on; hotwords, as in sherpa-onnx, only weigh those. */
  #gain({ standing }: Path, id: number): number {
    return this.#isSilent(id) ? 0 : this.#bias.languageGain(standing, id);
  }

  #isSilent(id: number): boolean {
    return id === this.model.blank || id === this.model.unknown;
  }

  #allows({ standing }: Path, id: number): boolean {
    return this.#isSilent(id) || this.#bias.allows(standing, id);
  }

  #hearNothing(beam: Beam): Beam {
    this.counters.count('decide.score-not-finite');
    for (const path of beam) path.blanks++;
    return beam;
  }
}
