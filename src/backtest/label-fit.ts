/** Which labels belong to which data file, and whether they can: a label beside its data would be a fault nobody could find. */
import { UserError } from '../core/errors.js';
import { toIso } from '../core/time.js';
import type { Labels } from './labels.js';
import { inOrder, rowsOf, type Span, windowsOfPoints } from './spans.js';
import { areIncomparable, type ZoneStyle } from './zones.js';

/** A data file that labels may be for. */
export interface DataFile {
  /** Its path, with `/`. */
  readonly path: string;
  /** Of every row; NaN: the row has no time. */
  readonly timesUs: Float64Array;
  /** How its times are written. */
  readonly zones: ReadonlySet<ZoneStyle>;
}

/**
 * Finds the labels of each data file: those under its path, under the end of its path (`valve1/1.csv` for
 * `data/valve1/1.csv`), either also without extension, and those for every file. Points become windows
 * (`windowsOfPoints`). Labels for files that are not among the data are left out: a label file is often for more.
 * @returns per file its windows, earliest first, none overlapping; undefined where a file is not labelled
 * @throws UserError `LABELS` when no label is for any of the files, a name fits several, labels overlap, lie outside
 *   their file, or are in times that cannot be compared with the data's
 */
export function fitLabels(labels: Labels, data: readonly DataFile[]): (readonly Span[] | undefined)[] {
  const files = data.map(({ path, timesUs, zones }) => ({ path, timesUs: inOrderOfTime(timesUs), zones }));
  const named = filesByName(labels, files);
  refuseUnknown(labels, files, named);
  refuseNowhere(labels, files);
  return files.map((file) => {
    const own = named.get(file);
    if (own === undefined && labels.unnamed === 'unlabelled') return undefined;
    const ownSpans = own?.spans ?? [];
    for (const span of ownSpans) if (rowsOf(span, file.timesUs) === undefined) throw outside(labels, span, [file]);
    const everywhere = labels.everywhere.filter((span) => rowsOf(span, file.timesUs) !== undefined);
    const spans = inOrder([...ownSpans, ...everywhere]);
    if (spans.length > 0) refuseIncomparable(labels, file);
    refuseOverlap(labels, file, spans);
    return windowsOfPoints(spans, file.timesUs);
  });
}

interface Named {
  readonly name: string;
  readonly spans: readonly Span[];
}

function filesByName(labels: Labels, files: readonly DataFile[]): Map<DataFile, Named> {
  const found = new Map<DataFile, Named>();
  for (const [name, spans] of labels.named) {
    const meant = files.filter((file) => isMeant(name, file.path));
    if (meant.length > 1) {
      throw new UserError('LABELS', `${labels.path}: '${name}' may be ${meant.map((file) => file.path).join(' or ')}`, {
        hint: 'name the file with its folder, such as valve1/1.csv',
      });
    }
    for (const file of meant) {
      const other = found.get(file);
      if (other !== undefined) {
        throw new UserError('LABELS', `${labels.path}: both '${other.name}' and '${name}' are ${file.path}`);
      }
      found.set(file, { name, spans });
    }
  }
  return found;
}

function isMeant(name: string, path: string): boolean {
  const wanted = name.replaceAll('\\', '/');
  return [path, path.replace(/\.[^./]+$/, '')].some((known) => known === wanted || known.endsWith(`/${wanted}`));
}

function refuseUnknown(labels: Labels, files: readonly DataFile[], named: ReadonlyMap<DataFile, Named>): void {
  if (named.size > 0 || labels.everywhere.length > 0) return;
  throw new UserError('LABELS', `${labels.path} labels none of the data files`, {
    hint: `it labels ${shown([...labels.named.keys()])}; the data are ${shown(files.map((file) => file.path))}`,
  });
}

/** A label for every file lies in some of them. */
function refuseNowhere(labels: Labels, files: readonly DataFile[]): void {
  for (const span of labels.everywhere) {
    if (files.every((file) => rowsOf(span, file.timesUs) === undefined)) throw outside(labels, span, files);
  }
}

function outside(labels: Labels, span: Span, files: readonly DataFile[]): UserError {
  const where = files.map(({ path, timesUs }) => `${path} ${rangeOf(timesUs)}`);
  return new UserError('LABELS', `${labels.path}: no row lies in the label ${textOf(span)}`, {
    hint: `of the data, ${shown(where)}; times without a zone are UTC`,
  });
}

function inOrderOfTime(timesUs: Float64Array): Float64Array {
  return timesUs.filter((us) => !Number.isNaN(us)).toSorted();
}

function rangeOf(timesUs: Float64Array): string {
  if (timesUs.length === 0) return 'has no rows with a time';
  return `goes from ${toIso(timesUs[0])} to ${toIso(timesUs[timesUs.length - 1])}`;
}

function refuseIncomparable(labels: Labels, file: DataFile): void {
  if (!areIncomparable(labels.zones, file.zones)) return;
  const [withZone, without] = labels.zones.has('offset') ? [labels.path, file.path] : [file.path, labels.path];
  throw new UserError('LABELS', `the times in ${withZone} have a zone, those in ${without} have none`, {
    hint: `write the zone in ${labels.path} as it is in the data; times without one are UTC`,
  });
}

function refuseOverlap(labels: Labels, file: DataFile, spans: readonly Span[]): void {
  for (let i = 1; i < spans.length; i++) {
    if (spans[i].fromUs > spans[i - 1].toUs) continue;
    const pair = `${textOf(spans[i - 1])} and ${textOf(spans[i])}`;
    throw new UserError('LABELS', `${labels.path}: two labels of ${file.path} overlap: ${pair}`, {
      hint: 'one fault is one label: make them one',
    });
  }
}

function textOf({ fromUs, toUs }: Span): string {
  return fromUs === toUs ? toIso(fromUs) : `${toIso(fromUs)} … ${toIso(toUs)}`;
}

function shown(all: readonly string[]): string {
  return all.slice(0, 3).join(', ') + (all.length > 3 ? ` and ${all.length - 3} more` : '');
}
