import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CliProcess } from '../support/cli.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-demo-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

function demo(args: readonly string[]): CliProcess {
  const process = new CliProcess(['demo', ...args], { env: { TMPDIR: folder } });
  onTestFinished(() => void process.child.kill('SIGKILL'));
  return process;
}

// Whether the burn raises its incident is measured on an idle machine, not here beside other tests: see the README.
describe('kioku demo', () => {
  it('learns, watches with live values, and ends cleanly on Ctrl-C', async () => {
    const running = demo(['--no-burn', '--learn', '20s']);
    await running.heard(/learnt \d+ time steps of 1 stream \(cpu, memory, loop\.delay\)/);
    await running.heard(/cpu \d+\.\d % .* unusual .* (normal|INCIDENT)/);
    running.child.kill('SIGINT');
    expect((await running.ended()).code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  }, 60_000);

  it('ends at once when it is stopped while it learns', async () => {
    const running = demo([]);
    await running.heard(/listening for 60 s/);
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('really burns: the cores are busy, and it says what came of it', async () => {
    const running = demo(['--learn', '20s', '--watch', '1s', '--once', '--json']);
    await running.heard(/3\/3 burning: all \d+ cores busy for 12 s/);
    await running.heard(/cpu [3-9]\d\.\d %|cpu 100\.0 %/);
    await running.heard(/the burn is over/);
    running.child.kill('SIGINT');
    const ended = await running.ended();
    expect(JSON.parse(ended.stdout)).toHaveProperty('incidentsBeforeBurn');
  }, 90_000);
});
