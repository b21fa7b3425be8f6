/** Published models that kioku knows where to get: `models/catalogue.tsv`. */
import { readFile } from 'node:fs/promises';
import { BugError } from '../../core/errors.js';

export interface CatalogueEntry {
  readonly name: string;
  /** Such as `lstm-transducer`. */
  readonly type: string;
  readonly languages: readonly string[];
  readonly url: string;
  readonly note: string;
  /** SHA-256 of the file at `url`, where it is known. */
  readonly sha256: string | undefined;
}

const RUNS = new Set(['lstm-transducer', 'zipformer2-transducer', 'zipformer2-ctc', 'vad']);

const WHY_NOT: Readonly<Record<string, string>> = {
  'zipformer-transducer': 'a Zipformer of the first kind, whose states are others; take a zipformer2 model',
  'nemo-transducer': 'a NeMo model has another interface; take an LSTM or zipformer2 transducer',
};

/** @returns undefined when kioku can run models of this type, else why not */
export function whyNot(type: string): string | undefined {
  return RUNS.has(type) ? undefined : (WHY_NOT[type] ?? `kioku knows no ${type} models`);
}

/** The catalogue that came with kioku. */
export async function readCatalogue(): Promise<readonly CatalogueEntry[]> {
  // From src/cli/models/ and dist/cli/models/ it is the same way.
  return parseCatalogue(await readFile(new URL('../../../models/catalogue.tsv', import.meta.url), 'utf8'));
}

/** @param text tab-separated, with a header line; lines that begin with # are comments */
export function parseCatalogue(text: string): readonly CatalogueEntry[] {
  const [header, ...rows] = text
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));
  return rows.map((cells) => {
    const cell = (column: string): string => cells[header.indexOf(column)] ?? '';
    const [name, type, url] = [cell('name'), cell('type'), cell('archive')];
    if (name === '' || type === '' || !URL.canParse(url))
      throw new BugError(`models/catalogue.tsv: ${cells.join(' ')}`);
    const languages = cell('languages').split(',');
    return { name, type, languages, url, note: cell('note'), sha256: cell('sha256') || undefined };
  });
}
