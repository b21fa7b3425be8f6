/**
 * The net of a lane goes on learning (`docs/online-learning.md`). After every `everySteps` rows of each stream, on average
 * over those that are heard, there is a border: what was learnt since the last one serves from here on, and the next update
 * begins, with what has come up to here. So which row is judged with which weights depends on the rows alone, unless an
 * update is late.
 */
import type { Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import type { LearningNet } from '../core/learning-net.js';
import type { Log } from '../core/log.js';
import type { OnlineOptions } from '../core/online.js';
import { buildStepGraph } from '../train/inference-graphs.js';
import type { LearntFile } from './learnt-file.js';
import type { Learning } from './learning.js';
import type { Knowledge, LearnerStart, Update } from './learner.js';
import { emptyLesson, type Lesson } from './lesson.js';
import type { Replay, ReplayContent } from './replay.js';
import type { Period, Segments } from './segments.js';

export type OnlineRules = Pick<OnlineOptions, 'everySteps' | 'optimiserSteps' | 'segments' | 'seed' | 'saveSeconds'>;

export interface OnlineParts {
  readonly net: LearningNet;
  readonly segments: Segments;
  readonly replay: Replay;
  readonly learning: Learning;
  readonly counters: Counters;
  readonly log: Log;
  /** Where it is kept what was learnt; absent: it is forgotten at the end. */
  readonly file?: LearntFile;
}

/** For the log. */
export interface OnlineFigures {
  readonly updates: number;
  /** Mean over the updates. */
  readonly msPerUpdate: number;
  /** Of the last update, over its first lesson, before and after. */
  readonly lossBefore: number;
  readonly lossAfter: number;
}

/** All that learning depends on beside the streams' own memory. */
export interface OnlineContent {
  /** Rows since the last border. */
  readonly rows: number;
  /** Lessons so far: which segments the next one sees. */
  readonly lessons: number;
  readonly period: Period;
  readonly replay: ReplayContent;
  /** [N] of the net that serves. */
  readonly serving: Float32Array;
  readonly knowledge: Knowledge;
  /** The knowledge is newer than the net that serves, which is replaced at the next border. */
  readonly due: boolean;
}

export class OnlineLearning {
  readonly segments: Segments;
  readonly #parts: OnlineParts;
  readonly #lessons: readonly Lesson[];
  #rows = 0;
  #drawn = 0;
  #serving: Float32Array;
  #knowledge: Knowledge;
  /** Finished, and serves from the next border on. */
  #due: Update | undefined;
  /** Since it was last saved. */
  #heard = false;
  #updates = 0;
  #savedMs = performance.now();
  /** Resolves when nothing is being written. */
  #saving: Promise<void> | undefined;
  #ms = 0;
  #last: Pick<Update, 'lossBefore' | 'lossAfter'> = { lossBefore: NaN, lossAfter: NaN };

  /**
   * @param start what `parts.learning` was made with
   * @param content what an earlier run has left; absent: the net is as it was trained
   */
  constructor(
    private readonly rules: OnlineRules,
    private readonly start: LearnerStart,
    parts: OnlineParts,
    content?: OnlineContent,
  ) {
    this.#parts = parts;
    this.segments = parts.segments;
    this.#lessons = Array.from({ length: rules.optimiserSteps }, () => emptyLesson(start.shape));
    this.#serving = start.knowledge.parameters;
    this.#knowledge = start.knowledge;
    if (content !== undefined) this.#goOn(content);
  }

  get figures(): OnlineFigures {
    return { updates: this.#updates, msPerUpdate: this.#ms / this.#updates, ...this.#last };
  }

  /** One more row has come. @returns whether it is the last before a border: step what waits, then call `border` */
  row(slot: Slot): boolean {
    this.#heard = true;
    this.segments.hear(slot);
    return ++this.#rows >= this.rules.everySteps * this.segments.streams;
  }

  /** @throws UserError `ENGINE`, where learning is inline */
  border(): void {
    const { learning, replay, counters } = this.#parts;
    const rows = this.#rows;
    this.#rows = 0;
    this.#due ??= learning.take();
    if (this.#due !== undefined) this.#serve(this.#due);
    this.#due = undefined;
    const { finished, calmRows } = this.segments.endPeriod();
    for (const { numbers } of finished) replay.add(numbers);
    this.#saveInTime();
    if (learning.over) return;
    if (learning.busy) counters.count('online.late');
    else if (2 * calmRows < rows) counters.count('online.frozen');
    else if (replay.size >= this.rules.segments) learning.learn(this.#draw());
  }

  content(): OnlineContent {
    this.#due ??= this.#parts.learning.take();
    return {
      rows: this.#rows,
      lessons: this.#drawn,
      period: this.segments.period,
      replay: this.#parts.replay.content(),
      serving: this.#serving,
      knowledge: this.#due?.knowledge ?? this.#knowledge,
      due: this.#due?.model !== undefined,
    };
  }

  /** Resolves when what was learnt is saved and nothing runs any more. */
  async close(): Promise<void> {
    await this.#parts.learning.close();
    await this.#saving;
    await this.#save();
  }

  #saveInTime(): void {
    if (this.#saving !== undefined || performance.now() - this.#savedMs < 1000 * this.rules.saveSeconds) return;
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  async #save(): Promise<void> {
    if (!this.#heard) return;
    this.#heard = false;
    this.#savedMs = performance.now();
    const { log, file } = this.#parts;
    if (this.#updates > 0) log.info({ ...this.figures }, 'learnt while running');
    await file?.write(this.content(), this.start.shape);
  }

  #goOn({ rows, lessons, period, replay, serving, knowledge, due }: OnlineContent): void {
    const { spec, form } = this.start;
    this.#rows = rows;
    this.#drawn = lessons;
    this.segments.period = period;
    this.#parts.replay.restore(replay);
    this.#serving = serving;
    this.#parts.net.replaceModel(buildStepGraph(spec, serving, form));
    if (!due) return;
    const model = buildStepGraph(spec, knowledge.parameters, form);
    this.#due = { model, knowledge, lossBefore: NaN, lossAfter: NaN, ms: 0 };
  }

  #draw(): readonly Lesson[] {
    for (const lesson of this.#lessons) this.#parts.replay.draw(lesson, this.rules.seed, this.#drawn++);
    return this.#lessons;
  }

  #serve({ model, knowledge, lossBefore, lossAfter, ms }: Update): void {
    this.#updates++;
    this.#ms += ms;
    this.#last = { lossBefore, lossAfter };
    this.#knowledge = knowledge;
    this.#parts.log.debug({ useful: model !== undefined, lossBefore, lossAfter, ms }, 'the net was taught');
    if (model === undefined) {
      this.#parts.counters.count('online.refused');
      return;
    }
    this.#parts.net.replaceModel(model);
    this.#serving = knowledge.parameters;
  }
}
