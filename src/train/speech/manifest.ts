/**
 * Manifests: recordings and what is said in them, to learn from or to be measured by.
 *
 *     file⇥transcript
 *     file⇥transcript⇥speaker
 *
 * A recording a line, UTF-8; files are relative to the manifest; nothing behind the first tab is a recording in which
 * nothing is said. Empty lines count for nothing. Where the first line is a header (it begins with `file⇥`), its columns are
 * found by their names, in any order, and others are passed over.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, systemCodeOf, UserError } from '../../core/errors.js';

export interface Utterance {
  /** As the manifest names it. */
  readonly name: string;
  /** Absolute path of the recording. */
  readonly file: string;
  /** As it is written, without spaces at its ends. */
  readonly transcript: string;
  readonly speaker: string | undefined;
}

/** A line that is no recording. */
export interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

export interface Manifest {
  /** In the order of the lines; at least one. */
  readonly utterances: readonly Utterance[];
  readonly badLines: readonly BadLine[];
}

/** Which column holds what. */
interface Columns {
  readonly file: number;
  readonly transcript: number;
  readonly speaker: number;
  /** Cells that a line may have. */
  readonly most: number;
}

const NO_HEADER: Columns = { file: 0, transcript: 1, speaker: 2, most: 3 };

/**
 * Whether the recordings are there is not looked at.
 * @throws UserError `DATA_MISSING` when it cannot be read, `DATA_INVALID` when no line of it is a recording
 */
export async function readManifest(path: string): Promise<Manifest> {
  const lines = (await textOf(path)).replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = columnsOf(lines[0], path);
  const columns = header ?? NO_HEADER;
  const folder = dirname(resolve(path));
  const utterances: Utterance[] = [];
  const badLines: BadLine[] = [];
  lines.forEach((text, i) => {
    if (text.trim() === '' || (i === 0 && header !== undefined)) return;
    const read = utteranceOf(text.split('\t'), columns, folder);
    if (typeof read === 'string') badLines.push({ line: i + 1, reason: read });
    else utterances.push(read);
  });
  if (utterances.length > 0) return { utterances, badLines };
  const [first] = badLines;
  throw new UserError(
    'DATA_INVALID',
    `${path} names no recording${first ? `: line ${first.line} ${first.reason}` : ''}`,
    {
      hint: 'a manifest has a line for each recording: file, a tab, what is said in it',
    },
  );
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const absent = systemCodeOf(cause) === 'ENOENT';
    throw new UserError(
      'DATA_MISSING',
      absent ? `there is no file ${path}` : `cannot read ${path}: ${messageOf(cause)}`,
      { hint: 'give the path of a manifest: a line for each recording: file, a tab, what is said in it', cause },
    );
  }
}

/** @returns undefined when the line is no header */
function columnsOf(line: string, path: string): Columns | undefined {
  const names = line.split('\t').map((name) => name.trim());
  if (names[0] !== 'file' || names.length === 1) return undefined;
  const [file, transcript, speaker] = ['file', 'transcript', 'speaker'].map((name) => names.indexOf(name));
  if (transcript >= 0) return { file, transcript, speaker, most: names.length };
  throw new UserError('DATA_INVALID', `${path} has no column transcript, but ${names.join(', ')}`, {
    hint: 'call what is said transcript, or leave the header out',
  });
}

/** @returns what is wrong with the line, to follow its number */
function utteranceOf(cells: readonly string[], columns: Columns, folder: string): Utterance | string {
  const [name, transcript, speaker] = [columns.file, columns.transcript, columns.speaker].map((k) => cells[k]?.trim());
  if (cells.length > columns.most) return `has ${cells.length} columns, not ${columns.most} or fewer`;
  if (name === undefined || name === '') return 'names no file';
  if (transcript === undefined) return 'has no tab, and nothing of what is said';
  return { name, file: resolve(folder, name), transcript, speaker: speaker === '' ? undefined : speaker };
}
