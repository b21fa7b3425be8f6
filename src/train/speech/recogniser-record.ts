/** What the training of a recogniser was like, for who wants to judge it on a page or in figures. */
import type { Validation } from '../record.js';
import { NOTHING } from './confusions.js';
import type { LearntFromManifests } from './manifest-job.js';

/** How a word was read in the held-out strings, see `Confusions`. */
export interface WordConfusion {
  /** null: the word that was read is one too many. */
  readonly said: string | null;
  /** null: the word that was said was not read. */
  readonly read: string | null;
  readonly count: number;
}

export interface RecogniserRecord {
  /** In order of time, of a long training evenly thinned. The validation loss is the token error rate. */
  readonly validations: readonly Validation[];
  /** Where the weights come from that were kept. */
  readonly best: Validation;
  /** Absent where nothing is held out. */
  readonly confusions?: readonly WordConfusion[];
}

export function recogniserRecord({ learnt, words }: LearntFromManifests): RecogniserRecord {
  const { validations, best, evaluation } = learnt;
  if (evaluation === undefined) return { validations, best };
  // Token 0 is blank, which is never said.
  const word = (token: number): string | null => (token === NOTHING ? null : words[token - 1]);
  const confusions = evaluation.confusions.map(({ said, read, count }) => ({
    said: word(said),
    read: word(read),
    count,
  }));
  return { validations, best, confusions };
}
