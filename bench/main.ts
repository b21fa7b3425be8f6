/** `npm run bench -- NAME [--json]`: runs `bench/NAME.ts`, which exports `run(): Promise<BenchResult>`. */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type BenchResult, table } from './report.js';

const folder = new URL('./', import.meta.url);
const PLUMBING = new Set(['main', 'report']);

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !PLUMBING.has(name));

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [name] = positionals;

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [--json]\nNAME is one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const program = (await import(new URL(`${name}.ts`, folder).href)) as { run: () => Promise<BenchResult> };
  const result = await program.run();
  process.stdout.write(`${values.json ? JSON.stringify(result) : table(result)}\n`);
}
