/**
 * Labels: when something was wrong, as somebody noted it. A file of them is either
 *
 * - JSON: `{"folder/pump.csv": [["2026-05-01 10:00", "2026-05-01 12:30"], "2026-05-03 08:15"], "fan.csv": []}`, which is
 *   also what `combined_windows.json` and `combined_labels.json` of the Numenta Anomaly Benchmark are; or
 * - CSV with the columns `start,end` and, where there are several data files, `stream`, the file they are for.
 *
 * A time is written as in data files; one moment instead of two is a point.
 */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';
import type { Span } from './spans.js';
import { isWhole, readTable } from './table.js';
import { ZonedTimes, type ZoneStyle } from './zones.js';

export interface Labels {
  /** Of the file they were read from. */
  readonly path: string;
  /** By the data file they are for, named as in the label file. */
  readonly named: ReadonlyMap<string, readonly Span[]>;
  /** For every data file. */
  readonly everywhere: readonly Span[];
  /** What a data file is that no label names: free of faults (CSV cannot say so otherwise), or simply not labelled (JSON). */
  readonly unnamed: 'normal' | 'unlabelled';
  readonly zones: ReadonlySet<ZoneStyle>;
}

/** @throws UserError `DATA_MISSING` when the file cannot be read, `LABELS` when it is malformed or mixes time zones */
export async function readLabels(path: string): Promise<Labels> {
  const isCsv = ['.csv', '.tsv'].includes(extname(path).toLowerCase());
  const labels = isCsv ? await fromCsv(path) : await fromJson(path);
  if (labels.named.size === 0 && labels.everywhere.length === 0) {
    throw new UserError('LABELS', `${path} holds no labels`, { hint: FORMATS });
  }
  return labels;
}

const FORMATS =
  'labels are JSON, {"file.csv": [["from", "to"], …]}, or CSV with the columns start,end and, for several files, stream';

async function fromJson(path: string): Promise<Labels> {
  const root = parse(await textOf(path), path);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    throw new UserError('LABELS', `${path} is not an object with a list of labels for each file`, { hint: FORMATS });
  }
  const times = new ZonedTimes();
  const named = new Map<string, readonly Span[]>();
  for (const [file, list] of Object.entries(root)) {
    if (!Array.isArray(list)) {
      throw new UserError('LABELS', `${path}: what is said of '${file}' is not a list`, { hint: FORMATS });
    }
    named.set(
      file,
      list.map((entry: unknown, i) => {
        const ends: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
        return spanOf(ends, times, `${path}: label ${i + 1} of '${file}'`);
      }),
    );
  }
  refuseMixed(times, path);
  return { path, named, everywhere: [], unnamed: 'unlabelled', zones: times.styles };
}

async function fromCsv(path: string): Promise<Labels> {
  const table = await readTable(path);
  const { columns, rows } = table;
  const columnOf = (wanted: string): number => columns.findIndex((name) => name.toLowerCase() === wanted);
  const [start, end, stream] = ['start', 'end', 'stream'].map(columnOf);
  if (start < 0 || end < 0) {
    throw new UserError('LABELS', `${path} has no columns 'start' and 'end', but ${columns.join(', ')}`, {
      hint: FORMATS,
    });
  }
  const times = new ZonedTimes();
  const named = new Map<string, Span[]>();
  const everywhere: Span[] = [];
  for (const row of rows) {
    const { cells, line } = row;
    if (!isWhole(table, row)) {
      throw new UserError('LABELS', `${path}, line ${line} has ${cells.length} cells, not ${columns.length}`);
    }
    const ends = cells[end] === '' ? [cells[start]] : [cells[start], cells[end]];
    const span = spanOf(ends, times, `${path}, line ${line}`);
    const file = stream < 0 ? '' : cells[stream];
    const spans = file === '' ? everywhere : (named.get(file) ?? []);
    spans.push(span);
    if (file !== '') named.set(file, spans);
  }
  refuseMixed(times, path);
  return { path, named, everywhere, unnamed: 'normal', zones: times.styles };
}

/** @param ends one time or two */
function spanOf(ends: readonly unknown[], times: ZonedTimes, where: string): Span {
  const [from, to = from] = ends;
  const fromUs = times.parse(from);
  const toUs = times.parse(to);
  if (ends.length === 0 || ends.length > 2 || fromUs === undefined || toUs === undefined) {
    throw new UserError('LABELS', `${where} is not one or two times: ${JSON.stringify(ends)}`, {
      hint: 'a time is ISO 8601, such as 2026-05-01 12:00:00, or 1.5.2026 12:00, or a number of s, ms or us since 1970',
    });
  }
  if (toUs < fromUs) throw new UserError('LABELS', `${where} ends before it begins: ${JSON.stringify(ends)}`);
  return { fromUs, toUs };
}

function refuseMixed(times: ZonedTimes, path: string): void {
  if (!times.isMixed) return;
  throw new UserError('LABELS', `${path}: some times name their zone and others do not`, {
    hint: 'write all of them with a zone, such as 2026-05-01T12:00:00+02:00, or none, which is UTC',
  });
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UserError('DATA_MISSING', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  });
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError('LABELS', `${path} is not JSON: ${messageOf(cause)}`, { hint: FORMATS, cause });
  }
}
