import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Sink } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import { deferred, type Deferred } from '../src/core/deferred.js';
import { Delivery } from '../src/delivery.js';
import { DropReport } from '../src/drop-report.js';
import { scoreEvent } from './contracts/sink.contract.js';
import { RecordingLog } from './support/stages.js';

/** A sink whose writes are settled by the test. */
class SlowSink implements Sink {
  readonly writes: Deferred[] = [];
  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  write(): Promise<void> {
    const write = deferred();
    this.writes.push(write);
    return write.promise;
  }
}

describe('delivery', () => {
  it('holds the source while too much is outstanding, and lets it go when all is written', async () => {
    const sink = new SlowSink();
    const delivery = new Delivery([sink], new Counters(), new RecordingLog());
    for (let i = 0; i < 255; i++) delivery.write([scoreEvent('a')]);
    expect(delivery.hold()).toBeUndefined();
    delivery.write([scoreEvent('a')]);
    const held = delivery.hold();
    expect(held).toBeInstanceOf(Promise);
    for (const write of sink.writes) write.resolve();
    await held;
    expect(delivery.hold()).toBeUndefined();
  });

  it('waits for sinks at the end, but not for ever once it is told to stop', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const sink = new SlowSink();
    const delivery = new Delivery([sink], new Counters(), new RecordingLog());
    const ended: string[] = [];
    const settle = (name: string, signal: AbortSignal) => delivery.settle(signal).then(() => ended.push(name));
    delivery.write([scoreEvent('a')]);
    const stop = new AbortController();
    const patient = settle('patient', new AbortController().signal);
    const impatient = settle('impatient', stop.signal);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ended).toEqual([]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(3000);
    await impatient;
    await Promise.all([settle('late', stop.signal), vi.advanceTimersByTimeAsync(3000)]);
    expect(ended).toEqual(['impatient', 'late']);
    sink.writes[0].resolve();
    await patient;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts and logs what a sink has lost, and goes on with the others', async () => {
    const [broken, sound] = [new SlowSink(), new SlowSink()];
    const counters = new Counters();
    const log = new RecordingLog();
    const delivery = new Delivery([broken, sound], counters, log);
    delivery.write([scoreEvent('a'), scoreEvent('b')]);
    broken.writes[0].reject(new Error('disk full'));
    sound.writes[0].resolve();
    await delivery.idle();
    expect(counters.get('sink.failed')).toBe(2);
    expect(log.lines.join('\n')).toMatch(/error a sink lost events.*disk full/);
  });

  it('writes nothing when there is nothing', async () => {
    const sink = new SlowSink();
    const delivery = new Delivery([sink], new Counters(), new RecordingLog());
    delivery.write([]);
    await delivery.idle();
    expect(sink.writes).toHaveLength(0);
  });
});

describe('the report of what was dropped', () => {
  it('says only what has grown since the last one', () => {
    const counters = new Counters();
    const log = new RecordingLog();
    const report = new DropReport(counters, log);
    report.report();
    counters.count('align.late', 3);
    report.report();
    report.report();
    counters.count('decode.wrong-type');
    report.report();
    report.stop();
    expect(log.lines).toHaveLength(2);
    expect(log.lines[0]).toContain('"align.late":3');
    expect(log.lines[1]).toContain('"decode.wrong-type":1');
    expect(log.lines[1]).not.toContain('align.late');
  });
});
