/** The rooms of `src/` and the rule between them: a file imports its own room or rooms of lower rank only. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { importsOf } from './imports.js';

export const RANKS: Readonly<Record<string, number>> = {
  core: 0,
  onnx: 1,
  mqtt: 1,
  source: 2,
  decode: 2,
  align: 2,
  feature: 2,
  step: 2,
  decide: 2,
  sink: 2,
  train: 3,
  config: 3,
  // Between training, which it does amid a stream, and the lane, which it does it for.
  online: 3.5,
  '.': 4,
  daemon: 5,
  backtest: 5,
  evaluate: 5,
  report: 5,
  cli: 6,
};

/** The public library: lies beside `pipeline.ts`, but stands above it, beside the command line. */
const INDEX = 'index.ts';

interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Relative imports, resolved to paths of TypeScript files. */
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean }[];
}

/** Every TypeScript file below `root`. */
export function readTree(root: string): SourceFile[] {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.toSorted().map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const imports = importsOf(text)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, typeOnly }) => ({
        target: slashes(normalize(join(dirname(path), specifier))).replace(/\.js$/, '.ts'),
        typeOnly,
      }));
    return { path: slashes(path), text, imports };
  });
}

/** What breaks the rule: imports upward, between siblings, out of the tree, of absent files, and in circles. */
export function violations(files: readonly SourceFile[]): string[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const broken: string[] = [];
  for (const file of files) {
    if (rankOf(file.path) === undefined) broken.push(`${file.path}: its room has no rank`);
    for (const { target } of file.imports) {
      if (!known.has(target)) broken.push(`${file.path} imports ${target}, which is not in src`);
      else if (!mayImport(file.path, target)) broken.push(`${file.path} must not import ${target}`);
    }
  }
  const circle = findCircle(known);
  if (circle !== undefined) broken.push(`circle: ${circle.join(' → ')}`);
  return broken;
}

function mayImport(from: string, to: string): boolean {
  const mine = rankOf(from);
  const other = rankOf(to);
  if (mine === undefined || other === undefined) return false;
  return roomOf(from) === roomOf(to) && from !== INDEX ? to !== INDEX : other < mine;
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '.';
}

function rankOf(path: string): number | undefined {
  return path === INDEX ? 6 : RANKS[roomOf(path)];
}

/** Depth-first search; types alone make no circle, they are gone when modules load. @returns the first circle of imports it meets */
function findCircle(files: ReadonlyMap<string, SourceFile>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const { target, typeOnly } of files.get(path)?.imports ?? []) {
      const circle = typeOnly ? undefined : visit(target, [...trail, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of files.keys()) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}

/** A file that only hands on what others export; `index.ts` of the package is the only one that may. */
export function isBarrel(file: SourceFile): boolean {
  const statements = file.text
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  return statements.length > 0 && statements.every((statement) => /^export\s[\s\S]*\sfrom\s/.test(statement));
}
