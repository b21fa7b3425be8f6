import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { CliProcess } from '../support/cli.js';

/** A demo whose temporary files are in `folder`, and nobody else's. */
function demo(ctx: TestContext, args: readonly string[]): { running: CliProcess; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kioku-demo-test-'));
  const running = new CliProcess(['demo', ...args], { env: { TMPDIR: folder } });
  ctx.onTestFinished(() => {
    running.child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  return { running, folder };
}

// Whether the burn raises its incident is measured on an idle machine, not here beside other tests: see the README.
// Mostly it listens.
describe.concurrent('kioku demo', () => {
  it('learns, watches with live values, and ends cleanly on Ctrl-C', async (ctx) => {
    const { running, folder } = demo(ctx, ['--no-burn', '--learn', '20s']);
    await running.heard(/learnt \d+ time steps of 1 stream \(cpu, memory, loop\.delay\)/);
    await running.heard(/cpu \d+\.\d % .* unusual .* (normal|INCIDENT)/);
    running.child.kill('SIGINT');
    expect((await running.ended()).code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  }, 120_000);

  it('ends at once when it is stopped while it learns', async (ctx) => {
    const { running, folder } = demo(ctx, []);
    await running.heard(/listening for 60 s/);
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('really burns: the cores are busy, and it says what came of it', async (ctx) => {
    const { running } = demo(ctx, ['--learn', '20s', '--watch', '1s', '--once', '--json']);
    await running.heard(/3\/3 burning: all \d+ cores busy for 12 s/);
    await running.heard(/cpu [3-9]\d\.\d %|cpu 100\.0 %/);
    await running.heard(/the burn is over/);
    running.child.kill('SIGINT');
    const ended = await running.ended();
    expect(JSON.parse(ended.stdout)).toHaveProperty('incidentsBeforeBurn');
  }, 120_000);
});
