/** Learning where the lane runs: for data whose time passes only with the lane, such as a replay. */
import { Learner, type LearnerStart, type Update } from './learner.js';
import type { Lesson } from './lesson.js';

/** Makes updates, one at a time. */
export interface Learning {
  /** An update was begun and is not finished. */
  readonly busy: boolean;
  /** Begins an update; the lessons are read now. Not while `busy`. */
  learn(lessons: readonly Lesson[]): void;
  /** The update that is finished, once; undefined: there is none. */
  take(): Update | undefined;
  close(): void;
}

export class InlineLearning implements Learning {
  readonly busy = false;
  readonly #learner: Learner;
  #update: Update | undefined;

  /** @throws UserError as `Learner` */
  constructor(start: LearnerStart) {
    this.#learner = new Learner(start);
  }

  /** @throws UserError `ENGINE` */
  learn(lessons: readonly Lesson[]): void {
    this.#update = this.#learner.learn(lessons);
  }

  take(): Update | undefined {
    const update = this.#update;
    this.#update = undefined;
    return update;
  }

  close(): void {
    this.#learner.close();
  }
}
