/**
 * `npm run bench [-- NAME…] [--json] [--smoke]`: runs `bench/NAME.ts`, without a name all of them, one after the other,
 * each in a process of its own so that none inherits the heap, the compiled code or the handles of another.
 * Files that benchmarks share are in `bench/support/`. Fails when a benchmark does, or when all together do not give every
 * figure that has a bar.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { missingFigures } from './performance/bars.js';
import { resultText } from './performance/text.js';
import { type BenchResult, machine } from './report.js';

const folder = new URL('./', import.meta.url);
const PLUMBING = new Set(['main', 'child', 'report', 'peers']);

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !PLUMBING.has(name));

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, smoke: { type: 'boolean', default: false } },
  allowPositionals: true,
  // What is not known gets the usage below.
  strict: false,
});
const { json, smoke, ...unknown } = values;
const chosen = positionals.length === 0 ? names : positionals;
const known = Object.keys(unknown).length === 0 && typeof json === 'boolean' && typeof smoke === 'boolean';

if (!known || chosen.some((name) => !names.includes(name))) {
  process.stderr.write(
    `usage: npm run bench [-- NAME…] [--json] [--smoke]\nNAME is one of: ${names.join(', ')}; none: all of them\n`,
  );
  process.exitCode = 2;
} else {
  const results: BenchResult[] = [];
  for (const name of chosen) {
    if (chosen.length > 1) process.stderr.write(`${name} …\n`);
    const result = await runBench(name, smoke);
    if (result) results.push(result);
    else process.exitCode = 1;
    if (result && !json) process.stdout.write(`${resultText(result, smoke)}\n\n`);
  }
  const ids = new Set(results.flatMap(({ rows }) => rows.map(({ id }) => id)));
  const missing = positionals.length === 0 ? missingFigures(ids) : [];
  if (missing.length > 0) {
    process.stderr.write(`no benchmark has given ${missing.join(', ')}\n`);
    process.exitCode = 1;
  }
  if (json) process.stdout.write(`${JSON.stringify(joined(results))}\n`);
}

/** @returns undefined when it failed; why is on standard error */
async function runBench(name: string, smoke: boolean): Promise<BenchResult | undefined> {
  const child = fork(fileURLToPath(new URL('child.ts', folder)), [name, ...(smoke ? ['--smoke'] : [])], {
    // Of `tsx` what imports need: what it does to `require` goes on in this thread, by WebAssembly, and once the memory of
    // that has grown every access to a typed array costs more than in a program of JavaScript, which is what users run.
    execArgv: ['--import', 'tsx/esm', '--expose-gc'],
    // Standard output is for the result alone.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  let result: BenchResult | undefined;
  child.on('message', (message) => {
    result = message as BenchResult;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0 && result) return result;
  process.stderr.write(`bench ${name} failed: ${signal ? `killed by ${signal}` : `exit code ${code}`}\n`);
  return undefined;
}

/** One object, whatever was run: ids of rows begin with the name of their benchmark. */
function joined(results: readonly BenchResult[]): BenchResult {
  return {
    bench: results.map(({ bench }) => bench).join(' '),
    machine: machine(),
    rows: results.flatMap(({ rows }) => rows),
    notes: results.flatMap(({ notes }) => notes),
  };
}
