import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ERROR_CODES } from '../src/core/errors.js';
import { DROP_REASONS } from '../src/decode/drops.js';
import { ROOT } from './support/build.js';
import { isBarrel, readTree, violations } from './support/floor-plan.js';
import { importsOf } from './support/imports.js';

const MAX_LINES = 300;

const files = readTree(`${ROOT}src`);

/** The violations of a small tree of files: path → text. */
async function planted(tree: Readonly<Record<string, string>>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'kioku-tree-'));
  onTestFinished(async () => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return violations(readTree(root));
}

describe('the rooms of src', () => {
  it('are imported by rank, never by a sibling, never in a circle', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(violations(files)).toEqual([]);
  });

  it('are kept apart by a rule that notices', async () => {
    const clean = {
      'core/a.ts': '',
      'step/b.ts': `import type { A } from '../core/a.js';`,
      'train/c.ts': `import '../step/b.js';`,
      'lane.ts': `const c = await import('./train/c.js');`,
      'index.ts': `export { lane } from './lane.js';`,
      'cli/d.ts': `import { lane } from '../lane.js'; import { e } from './sub/e.js';`,
      'cli/sub/e.ts': `// import '../../sink/absent.js'`,
    };
    expect(await planted(clean)).toEqual([]);
    const upward = { ...clean, 'core/a.ts': `import { b } from '../step/b.js';` };
    expect(await planted(upward)).toContain('core/a.ts must not import step/b.ts');
    const sibling = { ...clean, 'sink/s.ts': `const later = () => import('../step/b.js');` };
    expect(await planted(sibling)).toEqual(['sink/s.ts must not import step/b.ts']);
    const typeOnly = { ...clean, 'onnx/o.ts': `let x: import('../step/b.js').B;` };
    expect(await planted(typeOnly)).toEqual(['onnx/o.ts must not import step/b.ts']);
    const handedOn = { ...clean, 'decode/d.ts': `export * from "../lane.js"` };
    expect(await planted(handedOn)).toEqual(['decode/d.ts must not import lane.ts']);
    const front = { ...clean, 'lane.ts': `import './index.js';` };
    expect(await planted(front)).toContain('lane.ts must not import index.ts');
    const circle = { ...clean, 'core/a.ts': `import './z.js';`, 'core/z.ts': `import './a.js';` };
    expect(await planted(circle)).toEqual(['circle: core/a.ts → core/z.ts → core/a.ts']);
    const typeCircle = { ...clean, 'core/a.ts': `import type { Z } from './z.js';`, 'core/z.ts': `import './a.js';` };
    expect(await planted(typeCircle)).toEqual([]);
    const absent = { ...clean, 'core/a.ts': `import './gone.js';` };
    expect(await planted(absent)).toEqual(['core/a.ts imports core/gone.ts, which is not in src']);
    const unknown = { ...clean, 'helpers/h.ts': `` };
    expect(await planted(unknown)).toEqual(['helpers/h.ts: its room has no rank']);
  });

  it('hold no barrel files and no endless ones', () => {
    expect(files.filter((file) => isBarrel(file) && file.path !== 'index.ts').map((file) => file.path)).toEqual([]);
    expect(
      isBarrel({ path: 'x.ts', text: `// all\nexport * from './a.js';\nexport { b } from './b.js';`, imports: [] }),
    ).toBe(true);
    const long = files.filter((file) => file.text.split('\n').length > MAX_LINES);
    expect(long.map((file) => file.path)).toEqual([]);
  });
});

describe('the import scanner', () => {
  it('finds every form of import', () => {
    const source = [
      `import a from './a.js';`,
      `import type { B } from "./b.js";`,
      `import {\n  c,\n} from './c.js';`,
      `import './d.js';`,
      `export * from './e.js'; export { f } from './f.js';`,
      `const g = await import('./g.js'); type H = import('./h.js').H;`,
      'const t = `${await import("./i.js")}`;',
    ].join('\n');
    const found = importsOf(source);
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(['./b.js']);
    expect(found.map(({ specifier }) => specifier)).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `./${name}.js`),
    );
  });

  it('is not fooled by comments, strings, regular expressions and templates', () => {
    const source = [
      `// import './no.js'`,
      `/* import './no.js' */`,
      `const s = "import './no.js'"; const q = 'it\\'s';`,
      `const r = /['"]/; const d = a / b; const e = [/\\/'/g];`,
      'const t = `from ${f(`nested "${x}"`)} \'`;',
      `const from = x.from('./no.js'); Buffer.from('./no.js');`,
      `import './yes.js';`,
    ].join('\n');
    expect(importsOf(source)).toEqual([{ specifier: './yes.js', typeOnly: false }]);
  });
});

describe('tables that must not drift apart', () => {
  it('docs/errors.md lists exactly the error codes, with their meaning', () => {
    const page = readFileSync(`${ROOT}docs/errors.md`, 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)`\s+\| (.+?)\s*\|$/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(rows).toEqual(Object.entries(ERROR_CODES));
  });

  it('every error code is used', () => {
    const text = files
      .filter(({ path }) => path !== 'core/errors.ts')
      .map((file) => file.text)
      .join('\n');
    expect(Object.keys(ERROR_CODES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('docs say of every counter what it counts', () => {
    const stage = '(?:source|decode|align|extract|step|lane|decide|pipeline|sink|demo)';
    const literal = new RegExp(`'(${stage}\\.[a-z-]+)'`, 'g');
    const counted = files.flatMap(({ text }) => [...text.matchAll(literal)].map(([, reason]) => reason));
    const decoded = Object.keys(DROP_REASONS).map((reason) => `decode.${reason}`);
    expect(counted.length).toBeGreaterThan(30);
    const pages = ['counters', 'speech'].map((page) => readFileSync(`${ROOT}docs/${page}.md`, 'utf8')).join('\n');
    const explained = new Set([...pages.matchAll(/^\| `([a-z.-]+)`\s+\|/gm)].map(([, reason]) => reason));
    expect([...counted, ...decoded].filter((reason) => !explained.has(reason))).toEqual([]);
  });

  it('every kind in the registry is put through the contract test of its stage', () => {
    const registry = readFileSync(`${ROOT}src/config/registry.ts`, 'utf8');
    const stages = [...registry.matchAll(/^ {2}(\w+): \{\n([^}]*)^ {2}\},$/gm)];
    const kinds = stages.flatMap(([, stage, lines]) =>
      [...lines.matchAll(/import\('.+?'\)\.then\(\(module\) => module\.(\w+)\)/g)].map(([, kind]) => [stage, kind]),
    );
    expect(kinds.length).toBeGreaterThanOrEqual(16);
    const tests = readTree(`${ROOT}test`);
    const contract: Readonly<Record<string, RegExp>> = {
      source: /\bsourceContract\(/,
      decode: /\b(audioD|d)ecoderContract\(/,
      extract: /\bextractorContract\(/,
      feature: /\bfeatureContract\(/,
      decide: /\b(decider|speechDecider)Contract\(/,
      sink: /\bsinkContract\(/,
    };
    const untested = kinds.filter(
      ([stage, kind]) => !tests.some(({ text }) => contract[stage].test(text) && text.includes(kind)),
    );
    expect(untested.map(([stage, kind]) => `${stage}: ${kind}`)).toEqual([]);
  });
});
