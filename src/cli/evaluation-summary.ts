/** An evaluation as a report: for people and as JSON. */
import type { Interval } from '../core/bootstrap.js';
import { counted } from '../core/counted.js';
import type { Edges, EdgeTally } from '../evaluate/edges.js';
import { editsIn, type Figures, type Tally } from '../evaluate/error-rates.js';
import type { Evaluation, Result } from '../evaluate/evaluation.js';
import type { Remark } from '../evaluate/hearing.js';
import type { Spread } from '../evaluate/latency.js';
import { table } from './table.js';

/** Recordings that a person is shown, the worst ones. */
const MOST_SHOWN = 10;
/** Words that are listed before it is `…`. */
const MOST_WORDS = 10;

export class EvaluationSummary {
  /**
   * @param model how it was called
   * @param unheard what of the manifest was not evaluated
   */
  constructor(
    private readonly model: string,
    private readonly evaluation: Evaluation,
    readonly unheard: readonly Remark[],
  ) {}

  /** What `--json` prints. Times in s, rates as shares; null: nothing to divide by. */
  toJSON(): object {
    const { figures, ci95BySpeaker, perSpeaker, edges, results, unknownWords, odd, counters } = this.evaluation;
    const { audioSeconds, realTimeFactor, latency } = this.evaluation;
    return {
      model: this.model,
      ...figuresJson(figures),
      ci95BySpeaker: ci95BySpeaker ?? null,
      edges,
      audioSeconds,
      realTimeFactor,
      latency,
      perSpeaker: [...perSpeaker].map(([speaker, own]) => Object.assign({ speaker }, figuresJson(own))),
      unknownWords: Object.fromEntries(unknownWords),
      unheard: this.unheard,
      odd,
      counters,
      results: results.map(resultJson),
    };
  }

  describe(): string {
    const { figures, ci95BySpeaker, perSpeaker, edges, results, odd, audioSeconds } = this.evaluation;
    const rows = [...perSpeaker].map(([speaker, own]) => figureCells(speaker, own));
    return [
      `${counted(figures.utterances, 'recording')}, ${audioSeconds.toFixed(1)} s, heard by ${this.model}`,
      '',
      table(
        ['', 'recordings', 'words', 'word errors', 'token errors', 'all words right'],
        [...rows, figureCells('all', figures)],
      ),
      'in brackets: 19 times in 20, with other recordings like these',
      ...(ci95BySpeaker === undefined
        ? []
        : [`19 times in 20, with other speakers like these: ${range(ci95BySpeaker.wordErrorRate)} of the words wrong`]),
      '',
      `words: ${edits(figures.words)}`,
      `tokens: ${edits(figures.tokens)}`,
      ...describeEdges(edges, figures),
      ...this.#describeTimes(),
      ...describeWorst(results),
      ...this.#describeUnknown(),
      ...this.#describeCounters(),
      ...odd.map(({ name, reason }) => `odd: ${name} ${reason}`),
      ...this.unheard.map(({ name, reason }) => `not evaluated: ${name}: ${reason}`),
    ].join('\n');
  }

  #describeTimes(): string[] {
    const { latency, realTimeFactor } = this.evaluation;
    const lines = [
      waitLine('first text of a segment, after the beginning of its first word', latency.first),
      waitLine('final text of a segment, after the end of its last word', latency.final),
      waitLine('a word is told, after it was spoken (where all words are right)', latency.word),
    ];
    if (realTimeFactor !== null) {
      lines.push(
        `real-time factor: ${digits(realTimeFactor)}: a second of audio takes ${digits(1000 * realTimeFactor)} ms`,
      );
    }
    return lines.filter((line) => line !== '');
  }

  #describeUnknown(): string[] {
    const words = [...this.evaluation.unknownWords];
    if (words.length === 0) return [];
    const total = words.reduce((sum, [, n]) => sum + n, 0);
    const listed = words.slice(0, MOST_WORDS).map(([word]) => word);
    const rest = words.length > MOST_WORDS ? ', …' : '';
    return ['', `${counted(total, 'word')} said that the model has no tokens for: ${listed.join(', ')}${rest}`];
  }

  /** What was dropped or odd, see docs/counters.md. */
  #describeCounters(): string[] {
    const counts = Object.entries(this.evaluation.counters).map(([reason, n]) => `${reason} ${n}`);
    return counts.length === 0 ? [] : ['', `counted: ${counts.join(', ')}`];
  }
}

function figuresJson({ words, tokens, ci95, ...figures }: Figures): object {
  const { utterances, tokenErrorRate, wordErrorRate, sentenceAccuracy } = figures;
  return {
    utterances,
    tokenErrorRate,
    wordErrorRate,
    sentenceAccuracy,
    ci95,
    words: words.count,
    insertions: words.insertions,
    deletions: words.deletions,
    substitutions: words.substitutions,
    tokens,
  };
}

function resultJson({ utterance: { name, speaker, transcript }, heard, words, tokens }: Result): object {
  return {
    recording: name,
    speaker,
    said: transcript,
    heard,
    wordErrors: editsIn(words),
    tokenErrors: editsIn(tokens),
  };
}

function figureCells(name: string, figures: Figures): string[] {
  const { utterances, words, wordErrorRate, tokenErrorRate, sentenceAccuracy, ci95 } = figures;
  return [
    name,
    String(utterances),
    String(words.count),
    percent(wordErrorRate, ci95.wordErrorRate),
    percent(tokenErrorRate, ci95.tokenErrorRate),
    percent(sentenceAccuracy, ci95.sentenceAccuracy),
  ];
}

function percent(share: number, { low, high }: Interval): string {
  if (Number.isNaN(share)) return '-';
  const [value, from, to] = [share, low, high].map((one) => (100 * one).toFixed(1));
  return `${value} % (${from} to ${to})`;
}

function range({ low, high }: Interval): string {
  return `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`;
}

/** Single words are at both ends, and their errors are those of all words. */
function describeEdges({ first, last }: Edges, { words }: Figures): string[] {
  if (words.count <= first.count) return [];
  return [`first words: ${edgeEdits(first)}`, `last words: ${edgeEdits(last)}`];
}

function edgeEdits({ count, deletions, substitutions }: EdgeTally): string {
  return `${deletions} of ${count} deleted, ${substitutions} substituted`;
}

function edits(tally: Tally): string {
  const { count, insertions, deletions, substitutions } = tally;
  const kinds = `${insertions} inserted, ${deletions} deleted, ${substitutions} substituted`;
  return `${counted(editsIn(tally), 'error')} in ${count}: ${kinds}`;
}

function waitLine(what: string, { audioS, wallS }: Evaluation['latency']['first']): string {
  if (audioS === null) return '';
  const wall = wallS === null ? '' : `; waited ${spread(wallS)}`;
  return `${what}: ${spread(audioS)} of audio${wall}`;
}

function spread({ median, p95 }: Spread): string {
  return `${digits(median)} s (19 of 20 within ${digits(p95)} s)`;
}

/** Three digits. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Most wrong words first; of as many, in the order of the manifest. */
function describeWorst(results: readonly Result[]): string[] {
  const wrong = results.filter(({ words }) => editsIn(words) > 0);
  if (wrong.length === 0) return [];
  const worst = wrong.toSorted((a, b) => editsIn(b.words) - editsIn(a.words)).slice(0, MOST_SHOWN);
  const of =
    wrong.length > worst.length ? `the worst ${worst.length} of ${wrong.length} with wrong words` : 'with wrong words';
  const shown = worst.flatMap(({ utterance: { name, transcript }, heard, words }) => [
    `${name} (${counted(editsIn(words), 'error')})`,
    `  said:  ${transcript}`,
    `  heard: ${heard}`,
  ]);
  return ['', `${of}:`, ...shown];
}
