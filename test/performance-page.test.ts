import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { BARS, missingFigures } from '../bench/performance/bars.js';
import { performancePage } from '../bench/performance/markdown.js';
import { resultText } from '../bench/performance/text.js';
import type { BenchResult } from '../bench/report.js';
import { ROOT } from './support/build.js';

const PAGE = `${ROOT}docs/performance.md`;

function measured(values: Readonly<Record<string, number>>): BenchResult {
  const rows = Object.entries(values).map(([id, value]) => ({ id, value, unit: '1', samples: [value / 2, 2 * value] }));
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, platform: 'linux x64', node: 'v20', load: 0.25 };
  return { bench: 'step', machine, rows, notes: ['a note'] };
}

describe('what npm run bench prints', () => {
  it('has a line a row, in plain numbers, with its bar', () => {
    const lines = resultText(measured({ 'step.b1.vs-ort-node': 0.351, 'step.b1.js-loop': 123_456 }), false).split('\n');
    expect(lines).toEqual([
      'step on Z80, 1 cores, 1 GiB, Node v20',
      'step.b1.vs-ort-node  0.351    0.175 … 0.702 in 2 samples     ≤ 0.35: missed',
      'step.b1.js-loop      123,000  61,700 … 247,000 in 2 samples',
      '- a note',
    ]);
  });

  it('holds a smoke against no bar', () => {
    const text = resultText(measured({ 'step.b1.vs-ort-node': 0.351 }), true);
    expect(text).toContain('the figures mean nothing');
    expect(text).not.toContain('missed');
  });
});

describe('docs/performance.md', () => {
  it('holds what docs/performance/results.json says: npm run docs:performance', async () => {
    const page = readFileSync(PAGE, 'utf8');
    const result = JSON.parse(readFileSync(`${ROOT}docs/performance/results.json`, 'utf8')) as BenchResult;
    const made = await format(performancePage(page, result), { ...(await resolveConfig(PAGE)), filepath: PAGE });
    expect(made).toBe(page);
  });

  it('says whether a bar is met, from below and from above, and what was not measured', () => {
    const page = '<!-- generated: bars -->\nold\n<!-- end -->';
    const made = performancePage(page, measured({ 'step.b1.vs-ort-node': 0.351, 'pipeline.vs-node-red': 2 }));
    const line = (id: string): string | undefined => made.split('\n').find((text) => text.includes(id));
    expect(line('step.b1.vs-ort-node')).toMatch(/\| ≤ 0\.35 \| 0\.351 \| missed \|$/);
    expect(line('pipeline.vs-node-red')).toMatch(/\| ≥ 2 \(aim 4\) \| 2 \| met \|$/);
    expect(line('soak.memory-ratio')).toMatch(/\| not measured \| {2}\|$/);
    expect(made).not.toContain('old');
  });

  it('gives every row with its samples, and the notes', () => {
    const page = '<!-- generated: figures -->\n<!-- end -->\n<!-- generated: notes -->\n<!-- end -->';
    const made = performancePage(page, measured({ 'step.b1.kioku': 7.123 }));
    expect(made).toContain('| `step.b1.kioku` | 7.12 | 3.56 … 14.2 | 2 |');
    expect(made).toContain('- a note');
  });

  it('does not know a section that nobody makes', () => {
    expect(() => performancePage('<!-- generated: weather -->\n<!-- end -->', measured({}))).toThrow('weather');
  });
});

it('figures with a bar are missed when no benchmark gave them, but for one whose peer needs a network', () => {
  const all = BARS.map(({ id }) => id);
  expect(missingFigures(new Set(all))).toEqual([]);
  expect(missingFigures(new Set())).toEqual(all.filter((id) => id !== 'pipeline.vs-node-red'));
});
