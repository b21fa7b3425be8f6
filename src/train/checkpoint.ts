/** Where a training stands, on the disk: what `kioku train --resume` goes on from. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { sealed, unsealed } from '../core/sealed.js';
import type { TrainOptions } from '../core/training.js';
import type { ForecastEvaluation } from './evaluator.js';
import type { TrainJob } from './job.js';
import type { LoopState } from './loop.js';
import { bytesOf } from './sequence.js';

/** Its last character is the version of `Content`. */
const MAGIC = 'kioku-training-3';

/** Options that may change before a training goes on: they say when to stop and where data is, not what is learnt. */
const FREE_OPTIONS = ['maxSeconds', 'checkpointSeconds', 'memoryMb'] as const;

type FixedOptions = Omit<TrainOptions, (typeof FREE_OPTIONS)[number]>;

interface Content {
  readonly options: FixedOptions;
  /** SHA-256 of the net's shape and of all sequences, hexadecimal. */
  readonly data: string;
  readonly state: LoopState<ForecastEvaluation>;
}

/** The checkpoint of the training that makes the model in `folder`. */
export function checkpointIn(folder: string): string {
  return join(folder, 'training.checkpoint');
}

/** A training whose model is safe needs no checkpoint any more. @throws UserError `DISK` */
export async function removeCheckpoint(file: string): Promise<void> {
  try {
    await Promise.all([file, partOf(file)].map((path) => rm(path, { force: true })));
  } catch (error) {
    throw diskError(file, error);
  }
}

export class CheckpointFile {
  readonly #options: FixedOptions;
  readonly #data: string;

  /** @param job the training that it is of; reading refuses what another one has left */
  constructor(
    private readonly file: string,
    { spec, options, sequences }: Pick<TrainJob, 'spec' | 'options' | 'sequences'>,
  ) {
    const { maxSeconds: _seconds, checkpointSeconds: _between, memoryMb: _room, ...fixed } = options;
    this.#options = fixed;
    const hash = createHash('sha256').update(JSON.stringify(spec));
    for (const sequence of sequences) {
      hash.update(`${sequence.rows} ${sequence.split}`);
      for (const bytes of bytesOf(sequence, spec.inputs, spec.channels)) hash.update(bytes);
    }
    this.#data = hash.digest('hex');
  }

  /**
   * Replaces what is there in one go: whenever the process dies or the power fails, the file is the former or the new
   * one. Blocks until it is on the disk.
   * @throws UserError `DISK`: nothing is lost but what was learnt since the checkpoint before
   */
  write(state: LoopState<ForecastEvaluation>): void {
    const content: Content = { options: this.#options, data: this.#data, state };
    const part = partOf(this.file);
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      writeSynced(part, sealed(MAGIC, content));
      renameSync(part, this.file);
      syncFolder(dirname(this.file));
    } catch (error) {
      throw diskError(this.file, error);
    }
  }

  /**
   * What `write` was last given.
   * @throws UserError `SNAPSHOT_INVALID` when there is none, it is damaged, or it is of other options or other data
   */
  read(): LoopState<ForecastEvaluation> {
    const { options, data, state } = this.#content();
    const changed = changes(options, this.#options);
    if (changed.length > 0) {
      throw new UserError('SNAPSHOT_INVALID', `${this.file} was written with other options: ${changed.join(', ')}`, {
        hint: 'set them back, or train anew without --resume',
      });
    }
    if (data !== this.#data) {
      throw new UserError('SNAPSHOT_INVALID', `${this.file} is of a training on other data`, {
        hint: 'give the same files and the same configuration, or train anew without --resume',
      });
    }
    return state;
  }

  #content(): Content {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.file);
    } catch (error) {
      throw new UserError('SNAPSHOT_INVALID', `there is no unfinished training: ${messageOf(error)}`, {
        hint: 'train anew without --resume',
        cause: error,
      });
    }
    const content = unsealed(MAGIC, bytes);
    if (content === undefined) {
      throw new UserError('SNAPSHOT_INVALID', `${this.file} is damaged, or was written by another version of kioku`, {
        hint: 'train anew without --resume',
      });
    }
    // The seal has proved that this is what `write` was given.
    return content as Content;
  }
}

/** `train.hidden 32 (now 16)` for every option that differs. */
function changes(before: FixedOptions, now: FixedOptions): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]) as ReadonlySet<keyof FixedOptions>;
  return [...keys].flatMap((key) => {
    const [was, is] = [before[key], now[key]].map((value) => JSON.stringify(value));
    return was === is ? [] : [`train.${key} ${was} (now ${is})`];
  });
}

/** One name, so that what a killed process leaves of it is overwritten and not left behind. */
function partOf(file: string): string {
  return `${file}.part`;
}

function writeSynced(path: string, pieces: readonly Uint8Array[]): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the new name survive a power loss. */
function syncFolder(folder: string): void {
  // Windows can neither open nor sync a folder.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function diskError(file: string, error: unknown): unknown {
  if (systemCodeOf(error) === undefined) return error;
  return new UserError('DISK', `the checkpoint ${file} cannot be written: ${messageOf(error)}`, {
    hint: 'make room or choose a folder that may be written to',
    cause: error,
  });
}
