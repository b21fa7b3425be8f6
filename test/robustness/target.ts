/** What is given damaged input, many times over. */
import type { Dice } from './dice.js';

export interface Target {
  /**
   * Makes a damaged input and hands it in, as a user's file or message comes in.
   * @returns `accepted`, or `dropped` when that was counted
   * @throws UserError when it is refused; anything else is a failure
   */
  attempt(dice: Dice): Promise<'accepted' | 'dropped'>;
}

/** @param folder empty, for files; of this process alone */
export type MakeTarget = (folder: string) => Promise<Target>;

/** A run of cases for one process. */
export interface Errand {
  readonly target: string;
  readonly seed: number;
  /** Cases `from … to − 1`. */
  readonly from: number;
  readonly to: number;
  /** File in which the process notes the case that it is at. */
  readonly progress: string;
}

export interface Report {
  /** `accepted`, `dropped` or the code of the error → how often. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Cases that failed, with the reason. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly target: string;
  readonly number: number;
  readonly reason: string;
}
