/** What the data of a backtest are: CSV files, and folders in which they are looked for. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';

export interface BacktestFile {
  /** Absolute. */
  readonly path: string;
  /** Below what all data have in common, with `/`: what the file is called in reports and in a folder of results. */
  readonly name: string;
}

/**
 * @param paths CSV files, or folders of which all CSV files count, also those in folders in them
 * @returns sorted by name; each file once
 * @throws UserError `DATA_MISSING` when one does not exist or a folder holds no CSV, `ARGUMENT` for a file that is no CSV
 */
export async function findDataFiles(paths: readonly string[]): Promise<BacktestFile[]> {
  const found = new Set<string>();
  const roots: string[] = [];
  for (const path of paths) {
    const root = resolve(path);
    const kind = await stat(root).catch((cause: unknown) => {
      throw new UserError('DATA_MISSING', `cannot read ${path}: ${messageOf(cause)}`, { cause });
    });
    const inside = kind.isDirectory() ? await tablesIn(root) : [root];
    if (inside.length === 0) throw new UserError('DATA_MISSING', `there is no CSV file in ${path}`);
    if (!isTable(inside[0])) {
      throw new UserError('ARGUMENT', `${path} is no CSV file`, {
        hint: 'a backtest reads .csv and .tsv files with a header line, or folders of them',
      });
    }
    for (const file of inside) found.add(file);
    roots.push(kind.isDirectory() ? root : dirname(root));
  }
  const root = commonFolder(roots);
  const files = [...found].map((path) => ({ path, name: relative(root, path).replaceAll(sep, '/') }));
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function isTable(path: string): boolean {
  return ['.csv', '.tsv'].includes(extname(path).toLowerCase());
}

async function tablesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new UserError('DATA_MISSING', `cannot read ${folder}: ${messageOf(cause)}`, { cause });
  });
  return entries.flatMap((entry) =>
    isTable(entry.name) && !entry.isDirectory() ? [join(entry.parentPath, entry.name)] : [],
  );
}

/** The deepest folder that holds all of them. @param folders absolute, at least one */
function commonFolder(folders: readonly string[]): string {
  let [common] = folders;
  const holds = (folder: string): boolean => folder === common || folder.startsWith(join(common, sep));
  while (!folders.every(holds)) common = dirname(common);
  return common;
}
