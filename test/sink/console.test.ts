import { createColors } from 'picocolors';
import { describe, expect, it } from 'vitest';
import { consoleKind, consoleSink, formatDuration, formatEvent } from '../../src/sink/console.js';
import type { Sink } from '../../src/core/contracts.js';
import type { IncidentEvent } from '../../src/core/events.js';
import {
  endpointEvent,
  incident,
  keywordEvent,
  scoreEvent,
  sinkContract,
  transcript,
  voiceEvent,
} from '../contracts/sink.contract.js';

const PLAIN = createColors(false);

interface Made {
  readonly sink: Sink;
  readonly text: () => string;
}

function make(isTTY: boolean, env: NodeJS.ProcessEnv = {}, options: Record<string, unknown> = {}): Made {
  let text = '';
  const output = {
    isTTY,
    write(piece: string, done: (error?: Error | null) => void): boolean {
      text += piece;
      done();
      return true;
    },
  };
  const parsed = consoleKind.schema.parse({ kind: 'console', ...options });
  return { sink: consoleSink(parsed, output, env), text: () => text };
}

/** The line without its time, which is local. */
function lineOf(parts: Partial<IncidentEvent>): string {
  return formatEvent(incident('a', parts), PLAIN).replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '');
}

sinkContract('console', () => {
  const made = make(false);
  // A line does not name the id: one incident a phase in this contract, so the phase stands for it.
  const ids: Readonly<Record<string, string>> = { NEW: 'a', UPDATE: 'b', END: 'c' };
  const received = (): Promise<string[]> =>
    Promise.resolve([...made.text().matchAll(/ (NEW|UPDATE|END) /g)].map(([, phase]) => ids[phase]));
  return { sink: made.sink, received };
});

describe('console sink', () => {
  it('says in a line what happened, where, since when and how it should have been', () => {
    expect(lineOf({})).toBe('plant/pump NEW    warning anomaly 0.75 temperature 91.2 (expected 71.5)');
    expect(lineOf({ phase: 'update', us: 1_700_000_600_000_000 })).toBe(
      'plant/pump UPDATE warning anomaly 0.75 for 10 min 0 s · temperature 91.2 (expected 71.5)',
    );
    expect(lineOf({ phase: 'end' })).toBe(
      'plant/pump END    warning anomaly 0.75 after 10 s · temperature 91.2 (expected 71.5)',
    );
    expect(lineOf({ phase: 'end', reason: 'new-normal', channels: [] })).toContain('after 10 s, now learnt as normal');
    expect(lineOf({ reason: 'silent', channels: [] })).toContain('silent 0.75 no data for 10 s');
    expect(lineOf({ reason: 'silent', phase: 'end', channels: [] })).toContain('silent 0.75 over after 10 s');
    expect(lineOf({ phase: 'end', us: 1_600_000_000_000_000 })).toContain('after 0 ms');
  });

  it('lets no name write to the terminal but its own characters', () => {
    const named = lineOf({
      stream: 'a\u001B[2J\nb',
      channels: [{ name: 'c\u0007', view: 'level', expected: 1, observed: 2, score: 1 }],
    });
    expect(named).toContain('a\uFFFD[2J\uFFFDb NEW');
    expect(named).toContain('c\uFFFD 2');
  });

  it('names the three strongest channels, each with its view, and counts the rest', () => {
    const channel = { name: 'flow', view: 'drift', expected: 0.000123456, observed: 1234567.8, score: 0.9 } as const;
    const noise = { ...channel, name: 'x', view: 'noise' } as const;
    expect(lineOf({ channels: [channel, noise, channel, channel, channel] })).toContain(
      'flow 1234568 (expected 0.0001235, drifting), x 1234568 (expected 0.0001235, noise changed), flow 1234568 (expected 0.0001235, drifting) and 2 more',
    );
  });

  it.each([
    [0, '0 ms'],
    [950_000, '950 ms'],
    [12_340_000, '12.3 s'],
    [59_960_000, '1 min 0 s'],
    [250e6, '4 min 10 s'],
    [7500e6, '2 h 5 min'],
    [273_600e6, '3 d 4 h'],
  ])('writes %d µs as %s', (us, text) => {
    expect(formatDuration(us)).toBe(text);
  });

  it('is in colour on a terminal only, and never with NO_COLOR', async () => {
    const escape = '\u001B[';
    for (const [isTTY, env, coloured] of [
      [true, {}, true],
      [true, { NO_COLOR: '' }, true],
      [true, { NO_COLOR: '1' }, false],
      [true, { TERM: 'dumb' }, false],
      [false, {}, false],
    ] as const) {
      const { sink, text } = make(isTTY, env);
      await sink.write([incident('a'), incident('a', { phase: 'end' }), incident('b', { severity: 'critical' })]);
      expect(text().includes(escape)).toBe(coloured);
    }
  });

  it('hides scores unless asked', async () => {
    const quiet = make(false);
    await quiet.sink.write([scoreEvent('a')]);
    expect(quiet.text()).toBe('');
    const loud = make(false, {}, { scores: true });
    await loud.sink.write([scoreEvent('a')]);
    expect(loud.text()).toContain('plant/pump score 0.10');
  });

  it('writes what was said, and when somebody spoke, by the position in a recording', async () => {
    const events = [
      voiceEvent('speech-start', 'v', { us: 61_240_000 }),
      transcript('partial', 'p', { text: 'HEL' }),
      transcript('final', 'f', { text: 'HELLO\u001B[2J' }),
      endpointEvent('e'),
      keywordEvent('k'),
      voiceEvent('speech-end', 'w', { us: 3_725_980_000 }),
    ];
    const { sink, text } = make(false);
    await sink.write(events);
    expect(text()).toBe(
      '1:01.2 hall speech begins\n1:01.2 hall HELLO\uFFFD[2J\n1:01.2 hall HELLO 0.75\n1:02:06.0 hall speech ends after 1 h 1 min\n',
    );
    const loud = make(false, {}, { partials: true });
    await loud.sink.write(events);
    expect(loud.text()).toContain('1:01.2 hall speech begins\n1:01.2 hall HEL …\n1:01.2 hall HELLO');
  });

  it('writes the time of the clock where a stream is live', () => {
    const originUs = 1_700_000_000_000_000;
    const line = formatEvent(
      transcript('final', 'f', { originUs, startUs: originUs + 2e6, us: originUs + 3e6 }),
      PLAIN,
    );
    expect(line).toMatch(/^2023-11-1\d \d\d:\d3:22 hall HELLO$/);
  });

  it('passes on that the output is gone', async () => {
    const gone = { write: (_: string, done: (error?: Error) => void): boolean => (done(new Error('EPIPE')), false) };
    const sink = consoleSink(consoleKind.schema.parse({ kind: 'console' }), gone, {});
    await expect(sink.write([incident('a')])).rejects.toThrow('EPIPE');
  });
});
