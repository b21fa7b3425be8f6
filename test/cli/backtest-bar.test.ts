import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BacktestBar } from '../../src/cli/backtest-bar.js';
import { Io } from '../../src/cli/output.js';
import { CLEAR_LINE } from '../../src/cli/status-line.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function output(isTTY: boolean): { io: Io; lines: () => string[] } {
  let written = '';
  const stderr = {
    isTTY,
    columns: 100,
    write: (text: string) => {
      written += text;
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  const lines = (): string[] =>
    written.split('\n').map((line) => stripVTControlCharacters(line.split(CLEAR_LINE).at(-1) ?? ''));
  return { io: new Io({ stdout: stderr, stderr }), lines };
}

it('says on a terminal what is done and how long the rest may take, and is gone at the end', () => {
  const { io, lines } = output(true);
  const bar = new BacktestBar(io, 4, 20_160);
  vi.advanceTimersByTime(1000);
  expect(lines()).toEqual([`backtest [${'░'.repeat(20)}] 0 of 4 files | - | 0 rows`]);
  bar.fileDone(4032);
  vi.advanceTimersByTime(1000);
  expect(lines()).toEqual([`backtest [${'█'.repeat(4)}${'░'.repeat(16)}] 1 of 4 files | 8 s left | 4032 rows`]);
  bar.stop();
  vi.advanceTimersByTime(1000);
  expect(lines()).toEqual(['']);
});

it('writes a line now and then where there is no terminal', () => {
  const { io, lines } = output(false);
  const bar = new BacktestBar(io, 2, 200);
  vi.advanceTimersByTime(4999);
  expect(lines()).toEqual(['']);
  bar.fileDone(100);
  vi.advanceTimersByTime(1);
  expect(lines()).toEqual(['backtest 1 of 2 files | 5 s left | 100 rows', '']);
  bar.stop();
  vi.advanceTimersByTime(60_000);
  expect(lines()).toHaveLength(2);
});
