import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { ListeningBar } from '../../src/cli/listening-bar.js';
import { createLog } from '../../src/cli/log.js';
import { Io } from '../../src/cli/output.js';
import { CLEAR_LINE, gauge } from '../../src/cli/status-line.js';
import { terminalLog } from '../../src/cli/terminal-log.js';
import { TrainingBar } from '../../src/cli/training-bar.js';
import { TranscriptView } from '../../src/cli/transcript-view.js';
import type { TranscriptEvent } from '../../src/core/events.js';
import type { Progress } from '../../src/train/progress.js';

/** What a terminal of that width shows at the end: a carriage return goes back, CSI 2K empties the line. */
function terminal(columns: number): { io: Io; screen: () => string[]; stderr: NodeJS.WriteStream } {
  let written = '';
  const stderr = {
    isTTY: true,
    columns,
    write: (text: string) => {
      written += text;
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  const screen = (): string[] =>
    written.split('\n').map((line) => stripVTControlCharacters(line.split(CLEAR_LINE).at(-1) ?? ''));
  return { io: new Io({ stdout: stderr, stderr }), screen, stderr };
}

const PROGRESS: Progress = {
  epoch: 3,
  step: 40,
  fraction: 0.25,
  loss: 0.5,
  validationLoss: 0.6,
  bestValidationLoss: 0.55,
  stepsPerSecond: 700,
  secondsLeft: 12,
};

function transcript(type: TranscriptEvent['type'], text: string): TranscriptEvent {
  const when = { us: 0, startUs: 0, originUs: 0 };
  return { type, stream: 's', id: '1', segment: 0, text, words: [], tokens: [], ...when };
}

describe('a bar on a terminal', () => {
  it('is one line below what is logged meanwhile, and gone at the end', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    try {
      const { io, screen, stderr } = terminal(100);
      const bar = new ListeningBar(io, 10_000);
      bar.update(7);
      createLog('info', terminalLog(stderr)).info({ url: 'mqtt://h', topics: ['a/+'] }, 'connected');
      vi.advanceTimersByTime(5000);
      const [logged, shown, ...more] = screen();
      expect(logged).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: connected \{"url":"mqtt:\/\/h","topics":\["a\/\+"\]\}$/);
      expect(shown).toBe(`listening [${'█'.repeat(10)}${'░'.repeat(10)}] 5 s left | 7 messages`);
      expect(more).toEqual([]);
      bar.stop();
      expect(screen().slice(1)).toEqual(['']);
      expect(bar.messages).toBe(7);
    } finally {
      vi.useRealTimers();
    }
  });

  it('never wraps, and keeps what matters most on a narrow terminal', () => {
    const { io, screen } = terminal(60);
    const bar = new TrainingBar(io);
    bar.update(PROGRESS);
    bar.update({ ...PROGRESS, fraction: 0.5, secondsLeft: 100 });
    expect(screen()).toEqual([`training [${'█'.repeat(10)}${'░'.repeat(10)}] 50 % | ≤ 2 min left | epoch`]);
    bar.stop();
    expect(screen()).toEqual(['']);
  });

  it('shows the validation figure as it is called for what is learnt, and none where nothing is held out', () => {
    const { io, screen } = terminal(160);
    const bar = new TrainingBar(io, { name: 'words wrong', text: (share) => `${(100 * share).toFixed(1)} %` });
    bar.update({ ...PROGRESS, loss: 1.5, validationLoss: NaN, bestValidationLoss: NaN, stepsPerSecond: 9.87 });
    expect(screen()[0]).toMatch(/\| loss 1\.500 \| 9\.9 steps\/s$/);
    bar.update({ ...PROGRESS, loss: 1.5, validationLoss: 0.25, bestValidationLoss: 0.125, stepsPerSecond: 12.3 });
    expect(screen()[0]).toMatch(/\| loss 1\.500 \| words wrong 25\.0 % \(best 12\.5 %\) \| 12 steps\/s$/);
    bar.stop();
  });

  it('does not overwrite words that are just being spoken; afterwards they stand in full again', async () => {
    const { io, screen, stderr } = terminal(80);
    const view = new TranscriptView(stderr, false);
    io.finishLine = () => view.end();
    const log = await io.openLog();
    view.show(transcript('partial', 'OPEN'));
    view.show(transcript('partial', 'OPEN THE'));
    log.warn({}, 'audio was lost');
    view.show(transcript('final', 'OPEN THE DOOR'));
    io.note('stopped');
    const clock = /^\[\d\d:\d\d:\d\d\] /;
    const lines = screen().map((line) => line.replace(clock, ''));
    expect(lines).toEqual(['OPEN THE', 'WARN: audio was lost', 'OPEN THE DOOR', 'stopped', '']);
  });

  it('stays within its cells', () => {
    expect([-1, 0, 0.5, 1, 2].map((fraction) => gauge(fraction, 2))).toEqual(['░░', '░░', '█░', '██', '██']);
  });
});
