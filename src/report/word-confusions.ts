/** Which words a recogniser takes for which: a row a word, the worst first. */
import type { WordConfusion } from '../train/speech/recogniser-record.js';
import { figure, type FigureTable } from './figures.js';

/** Rows at most; a vocabulary may have thousands of words. */
const MOST_WORDS = 100;

interface Row {
  readonly word: string;
  readonly said: number;
  readonly wrong: number;
  readonly leftOut: number;
  /** Most frequent first. */
  readonly takenFor: readonly WordConfusion[];
}

/** @param confusions right ones included */
export function confusionTable(confusions: readonly WordConfusion[]): FigureTable {
  const words = [...new Set(confusions.flatMap(({ said }) => said ?? []))];
  const rows = words.map((word) => rowOf(word, confusions)).toSorted((a, b) => b.wrong - a.wrong || b.said - a.said);
  const inserted = byCount(confusions.filter(({ said }) => said === null));
  return {
    caption: 'What became of the words of the held-out strings',
    header: ['said', 'times', 'wrong', 'left out', 'taken for'],
    rows: rows
      .slice(0, MOST_WORDS)
      .map(({ word, said, wrong, leftOut, takenFor }) => [
        word,
        String(said),
        `${figure((100 * wrong) / said)} %`,
        String(leftOut),
        list(takenFor),
      ]),
    note:
      `Words that nobody said: ${list(inserted)}.` +
      (rows.length > MOST_WORDS ? ` ${rows.length - MOST_WORDS} words with fewer errors are not shown.` : ''),
  };
}

function rowOf(word: string, confusions: readonly WordConfusion[]): Row {
  const own = confusions.filter(({ said }) => said === word);
  const wrong = own.filter(({ read }) => read !== word);
  return {
    word,
    said: sum(own),
    wrong: sum(wrong),
    leftOut: sum(wrong.filter(({ read }) => read === null)),
    takenFor: byCount(wrong.filter(({ read }) => read !== null)),
  };
}

function sum(confusions: readonly WordConfusion[]): number {
  return confusions.reduce((total, { count }) => total + count, 0);
}

function byCount(confusions: readonly WordConfusion[]): WordConfusion[] {
  return confusions.toSorted((a, b) => b.count - a.count);
}

/** `four 3, nine 1` */
function list(confusions: readonly WordConfusion[]): string {
  return confusions.map(({ read, count }) => `${read} ${count}`).join(', ') || 'none';
}
