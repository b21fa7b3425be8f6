/** Where updates are made: here (for a replay), or in a thread (`background.ts`, for data that does not wait). */
import { Learner, type LearnerStart, type Update } from './learner.js';
import type { Lesson } from './lesson.js';

/** Makes updates, one at a time. */
export interface Learning {
  /** An update was begun and is not finished. */
  readonly busy: boolean;
  /** No more updates come. */
  readonly over: boolean;
  /** Begins an update; the lessons are read now. Not while `busy`. */
  learn(lessons: readonly Lesson[]): void;
  /** The update that is finished, once; undefined: there is none. */
  take(): Update | undefined;
  /** Resolves when nothing runs any more; what was begun is finished and can be taken. */
  close(): Promise<void>;
}

/** For data whose time passes only with the lane, such as a replay: the lane waits. */
export class InlineLearning implements Learning {
  readonly busy = false;
  readonly over = false;
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

  close(): Promise<void> {
    this.#learner.close();
    return Promise.resolve();
  }
}
