/**
 * `npm run docs:performance`: makes the tables and plots of docs/performance.md from docs/performance/results.json, which
 * `npm run -s bench -- --json > docs/performance/results.json` has written. No figure there is typed by hand.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { BenchResult } from '../report.js';
import { performancePage } from './markdown.js';
import { drawPlots } from './plots.js';

const docs = new URL('../../docs/', import.meta.url);
const page = new URL('performance.md', docs);
const results = new URL('performance/results.json', docs);

const result = JSON.parse(await readFile(results, 'utf8')) as BenchResult;
await mkdir(new URL('performance/', docs), { recursive: true });
await write(page, performancePage(await readFile(page, 'utf8'), result));
await write(results, JSON.stringify(result));
for (const [name, svg] of await drawPlots(result)) await writeFile(new URL(`performance/${name}`, docs), svg);

/** As `npm run format` would leave it. */
async function write(file: URL, text: string): Promise<void> {
  const filepath = fileURLToPath(file);
  await writeFile(file, await format(text, { ...(await resolveConfig(filepath)), filepath }));
}
