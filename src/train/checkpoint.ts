/** Where a training stands, on the disk: what `kioku train --resume` goes on from. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { sealed, unsealed } from '../core/sealed.js';
import type { TrainOptions } from '../core/training.js';
import type { Evaluation, LoopHooks, LoopState } from './loop.js';

/** Its last character is the version of `Content`. */
const MAGIC = 'kioku-training-4';

/** Where a training writes down how far it is. */
export interface Checkpoint {
  readonly file: string;
  /** Whether training goes on from what is there. */
  readonly resume: boolean;
}

/** What decides about the model, and must therefore be the same when a training goes on. */
export interface TrainingIdentity {
  /** Options by their whole name, such as `train.hidden`; see {@link fixedOptions}. */
  readonly options: Readonly<Record<string, unknown>>;
  /** SHA-256 of all that is learnt from, hexadecimal. */
  readonly data: string;
}

interface Content<State> extends TrainingIdentity {
  readonly state: State;
}

/** The checkpoint of the training that makes the model in `folder`. */
export function checkpointIn(folder: string): string {
  return join(folder, 'training.checkpoint');
}

/** Tells the user that the training which is to begin replaces what another one has left. */
export function warnOfReplaced(file: string, log: Log): void {
  if (!existsSync(file)) return;
  log.warn({ checkpoint: file }, 'an unfinished training is there, and this one replaces it; --resume goes on');
}

/** A training whose model is safe needs no checkpoint any more. @throws UserError `DISK` */
export async function removeCheckpoint(file: string): Promise<void> {
  try {
    await Promise.all([file, partOf(file)].map((path) => rm(path, { force: true })));
  } catch (error) {
    throw diskError(file, error);
  }
}

/** All options but those that say when to stop and where data is, not what is learnt; by their whole name. */
export function fixedOptions(options: TrainOptions): Record<string, unknown> {
  const { maxSeconds: _seconds, checkpointSeconds: _between, memoryMb: _room, ...fixed } = options;
  return Object.fromEntries(Object.entries(fixed).map(([name, value]) => [`train.${name}`, value]));
}

/** What makes a loop write checkpoints to a file, and go on from the one that is there. @throws UserError as {@link CheckpointFile.read} */
export function checkpointHooks<E extends Evaluation | undefined, S>(
  { file, resume }: Checkpoint,
  identity: TrainingIdentity,
): Pick<LoopHooks<E, S>, 'save' | 'resumeFrom'> {
  const checkpoint = new CheckpointFile<LoopState<E, S>>(file, identity);
  const save = (state: LoopState<E, S>): void => checkpoint.write(state);
  return resume ? { save, resumeFrom: checkpoint.read() } : { save };
}

export class CheckpointFile<State> {
  /** @param identity of the training that it is of; reading refuses what another one has left */
  constructor(
    private readonly file: string,
    private readonly identity: TrainingIdentity,
  ) {}

  /**
   * Replaces what is there in one go: whenever the process dies or the power fails, the file is the former or the new
   * one. Blocks until it is on the disk.
   * @throws UserError `DISK`: nothing is lost but what was learnt since the checkpoint before
   */
  write(state: State): void {
    const content: Content<State> = { ...this.identity, state };
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
  read(): State {
    const { options, data, state } = this.#content();
    const changed = changes(options, this.identity.options);
    if (changed.length > 0) {
      throw new UserError('SNAPSHOT_INVALID', `${this.file} was written with other options: ${changed.join(', ')}`, {
        hint: 'set them back, or train anew without --resume',
      });
    }
    if (data !== this.identity.data) {
      throw new UserError('SNAPSHOT_INVALID', `${this.file} is of a training on other data`, {
        hint: 'give the same files and the same configuration, or train anew without --resume',
      });
    }
    return state;
  }

  #content(): Content<State> {
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
    return content as Content<State>;
  }
}

/** `train.hidden 32 (now 16)` for every option that differs; one may not be set at all. */
function changes(before: TrainingIdentity['options'], now: TrainingIdentity['options']): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].flatMap((key) => {
    const [was, is] = [before[key], now[key]].map((value) => (value === undefined ? 'absent' : JSON.stringify(value)));
    return was === is ? [] : [`${key} ${was} (now ${is})`];
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
