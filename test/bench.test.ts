/** That the benchmarks run and print what they promise; how fast anything is, is not a test's business. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../bench/report.js';
import { ROOT } from './support/build.js';

function bench(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

describe('npm run bench', () => {
  it('train --json --smoke prints one object; without PyTorch it says so', () => {
    const { code, stdout } = bench('train', '--json', '--smoke');
    expect(code).toBe(0);
    const { bench: name, machine, rows, notes } = JSON.parse(stdout) as BenchResult;
    expect(name).toBe('train');
    expect(machine.cores).toBeGreaterThan(0);
    const ids = rows.map(({ id }) => id);
    expect(ids[0]).toBe('train.kioku-step');
    expect(ids.includes('train.vs-torch') || /apt-get install python3-torch/.test(notes.join())).toBe(true);
    expect(ids.slice(-2)).toEqual(['train.cpu-seconds', 'train.peak-memory-mib']);
    for (const { value, samples } of rows) {
      expect(value).toBeGreaterThan(0);
      expect(samples.length).toBeGreaterThan(0);
    }
  }, 120_000);

  it('says which benchmarks there are', () => {
    for (const mistake of ['nothing', '--help', '--json=1']) {
      expect(bench(mistake)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage.*\n.*one of: .*train/) });
    }
  });
});
