/** What a net has learnt while it ran, beside its model: the next start goes on from there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { sealed, unsealed } from '../core/sealed.js';
import { writeWhole } from '../core/whole-file.js';
import type { LessonShape } from './lesson.js';
import type { OnlineContent } from './online-learning.js';

/** Its last character is the version of `Content`. */
const MAGIC = 'kioku-learnt-1';

interface Content {
  /** SHA-256 of the model that was trained. */
  readonly model: string;
  readonly shape: LessonShape;
  readonly online: OnlineContent;
}

export class LearntFile {
  readonly #path: string;

  /** @param folder of the model */
  constructor(
    folder: string,
    private readonly modelSha256: string,
    private readonly log: Log,
  ) {
    this.#path = join(folder, 'online.learnt');
  }

  /**
   * @param shape of the lessons from now on: segments of another shape are left out, what was learnt from them is not
   * @returns undefined when there is nothing, or nothing of this model; the log says what is not used
   */
  async read(shape: LessonShape): Promise<OnlineContent | undefined> {
    const content = await this.#content();
    if (content === undefined) return undefined;
    const { online } = content;
    if (JSON.stringify(content.shape) === JSON.stringify(shape)) return online;
    const empty = { finished: [], calmRows: 0 };
    return { ...online, rows: 0, period: empty, replay: { numbers: new Float32Array(0) } };
  }

  /** Optimiser steps that the net has learnt since it was trained; 0 when `read` would find nothing. */
  async steps(): Promise<number> {
    return (await this.#content())?.online.knowledge.steps ?? 0;
  }

  /** Replaces what is there in one go. What cannot be written is told, and tried again the next time. */
  async write(online: OnlineContent, shape: LessonShape): Promise<void> {
    const content: Content = { model: this.modelSha256, shape, online };
    try {
      await writeWhole(this.#path, Buffer.concat(sealed(MAGIC, content)));
    } catch (error) {
      this.log.warn({ file: this.#path, reason: messageOf(error) }, 'what the net has learnt cannot be saved');
    }
  }

  async #content(): Promise<Content | undefined> {
    let file: Uint8Array;
    try {
      file = await readFile(this.#path);
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') this.#ignored(`it cannot be read (${messageOf(error)})`);
      return undefined;
    }
    // The seal proves that this is what `write` was given.
    const content = unsealed(MAGIC, file) as Content | undefined;
    if (content === undefined) return this.#ignored('it is damaged, or of another version of kioku');
    return content.model === this.modelSha256 ? content : this.#ignored('it belongs to a former model');
  }

  #ignored(reason: string): undefined {
    this.log.warn({ file: this.#path, reason }, 'what the net learnt before is not used: it begins as it was trained');
    return undefined;
  }
}
