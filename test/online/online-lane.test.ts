/** A lane whose net goes on learning. */
import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { BackgroundLearning } from '../../src/online/background.js';
import type { LearnerStart, Update } from '../../src/online/learner.js';
import { InlineLearning, type Learning } from '../../src/online/learning.js';
import type { Lesson } from '../../src/online/lesson.js';
import { LearntFile } from '../../src/online/learnt-file.js';
import { decodeSnapshot, encodeSnapshot } from '../../src/step/snapshot.js';
import { feed, openOnlineLane, openTestLane, reading, readings, type OnlineLane } from '../support/lanes.js';
import { RecordingLog } from '../support/stages.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

const STREAMS = ['a', 'bb', 'c'];
/** Small enough that much is learnt in little time. */
const OPTIONS = { everySteps: 8, segments: 4, segmentSteps: 8, replaySteps: 200, learningRate: 0.01 };
const LIMITS = { maxStreams: 4 };

const folders: string[] = [];
async function folderOf(form: 'plain' | 'fused'): Promise<string> {
  const folder = await writeModel(await mkdtemp(join(tmpdir(), 'kioku-online-')), kiokuModel(GRU, form));
  folders.push(folder);
  return folder;
}
let model: string;
beforeAll(async () => {
  model = await folderOf('fused');
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const open = (counters = new Counters(), options: Record<string, unknown> = {}): Promise<OnlineLane> =>
  openOnlineLane(model, LIMITS, counters, { ...OPTIONS, ...options });

/** Events of different streams come in the order in which batches were stepped. */
const byStream = (events: readonly KiokuEvent[]): KiokuEvent[][] =>
  STREAMS.map((stream) => events.filter((event) => event.stream === stream));

async function updatesOf(streams: readonly string[]): Promise<number> {
  const { lane, online } = await open();
  feed(lane, readings(streams, 200, 1000));
  lane.close();
  return online.figures.updates;
}

describe('a lane whose net goes on learning', () => {
  it.each(['fused', 'plain'] as const)('says and learns the same however its input is cut (%s)', async (form) => {
    const folder = await folderOf(form);
    const frames = readings(STREAMS, 160, 120);
    const whole = await openOnlineLane(folder, LIMITS, new Counters(), OPTIONS);
    const expected = byStream(feed(whole.lane, frames));
    const content = whole.online.content();
    expect(whole.online.figures.updates).toBeGreaterThan(5);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }), async (sizes) => {
        const { lane, online } = await openOnlineLane(folder, LIMITS, new Counters(), OPTIONS);
        expect(byStream(feed(lane, frames, sizes))).toEqual(expected);
        expect(online.content()).toEqual(content);
        lane.close();
      }),
      { numRuns: 8 },
    );
    const unlearning = await openTestLane(folder, LIMITS);
    expect(byStream(feed(unlearning, frames))).not.toEqual(expected);
    unlearning.close();
    whole.lane.close();
  });

  it('judges a row before it is learnt, and never by what comes later', async () => {
    const frames = readings(STREAMS, 200, 1000);
    const changed = frames.map((frame, i) =>
      i < 450 ? frame : { ...frame, data: frame.data.map((value) => value + 3) },
    );
    const [one, other] = [await open(), await open()];
    const events = feed(one.lane, frames).filter(({ us }) => us < frames[450].us);
    expect(events.length).toBeGreaterThan(200);
    expect(byStream(feed(other.lane, changed).filter(({ us }) => us < frames[450].us))).toEqual(byStream(events));
    one.lane.close();
    other.lane.close();
  });

  it('learns nothing while an incident lasts, nor what led to it', async () => {
    const counters = new Counters();
    const { lane, online } = await open(counters);
    const frames = Array.from({ length: 400 }, (_, second) => reading('a', second, second >= 200 && second < 230));
    const fault = 200;
    feed(lane, frames.slice(0, fault));
    const before = online.figures.updates;
    feed(lane, frames.slice(fault, fault + 30));
    // The one that was begun before, and that of the last calm rows.
    expect(online.figures.updates - before).toBeLessThanOrEqual(2);
    expect(counters.get('online.frozen')).toBeGreaterThanOrEqual(3);
    feed(lane, frames.slice(fault + 30));
    expect(online.figures.updates).toBeGreaterThan(before + 5);
    const { numbers } = online.content().replay;
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.every((value) => Math.abs(value) < 20)).toBe(true);
    lane.close();
  });

  it('goes on after a restart as if there had been none', async () => {
    const frames = readings(STREAMS, 160, 130);
    const whole = await open();
    const expected = feed(whole.lane, frames);
    const folder = await mkdtemp(join(tmpdir(), 'kioku-learnt-'));
    folders.push(folder);
    const file = new LearntFile(folder, kiokuModel(GRU, 'fused').card.modelSha256, silentLog);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: frames.length - 1 }), async (cut) => {
        await rm(join(folder, 'online.learnt'), { force: true });
        const first = await openOnlineLane(model, LIMITS, new Counters(), OPTIONS, { file });
        const events = feed(first.lane, frames.slice(0, cut));
        const snapshots = first.lane.streams.map((stream) => encodeSnapshot(first.lane.snapshot(stream)));
        first.lane.close();
        await first.lane.untilClosed();
        const second = await openOnlineLane(model, LIMITS, new Counters(), OPTIONS, { file });
        for (const snapshot of snapshots.toReversed()) second.lane.restore(decodeSnapshot(snapshot));
        events.push(...feed(second.lane, frames.slice(cut)));
        expect(byStream(events)).toEqual(byStream(expected));
        expect(second.online.content()).toEqual(whole.online.content());
        second.lane.close();
        await second.lane.untilClosed();
      }),
      { numRuns: 8 },
    );
    whole.lane.close();
  });

  it('updates as often with many streams as with one', async () => {
    const [one, many] = [await updatesOf(['a']), await updatesOf(STREAMS)];
    expect(one).toBeGreaterThan(10);
    expect(Math.abs(many - one)).toBeLessThanOrEqual(6);
  });

  it('learns from streams that come and go, none of them for long enough to be updated after by itself', async () => {
    const everySteps = 100;
    const { lane, online } = await open(new Counters(), { everySteps });
    let longest = 0;
    for (let one = 0; one < 100; one++) {
      feed(
        lane,
        Array.from({ length: 60 }, (_, second) => reading(`job ${one}`, 60 * one + second, false)),
      );
      longest = Math.max(longest, online.content().rows);
    }
    expect(longest).toBeLessThan(everySteps * LIMITS.maxStreams);
    expect(online.figures.updates).toBeGreaterThan(3);
    lane.close();
  });

  it('says the same where updates are made in a thread that keeps up', async () => {
    const frames = readings(STREAMS, 100, 80);
    const inline = await open();
    const expected = feed(inline.lane, frames);
    let background: BackgroundLearning | undefined;
    const { lane, online } = await openOnlineLane(model, LIMITS, new Counters(), OPTIONS, {
      learning: (start) => (background = new BackgroundLearning(start, silentLog)),
    });
    const events: KiokuEvent[] = [];
    for (const frame of frames) {
      events.push(...feed(lane, [frame]));
      // The first update waits for the thread, which takes seconds to start on a busy machine.
      await vi.waitUntil(() => background?.busy !== true, { interval: 1, timeout: 20_000 });
    }
    expect(byStream(events)).toEqual(byStream(expected));
    expect(online.content()).toEqual(inline.online.content());
    lane.close();
    await lane.untilClosed();
    inline.lane.close();
  });

  it('goes on with the weights it has when the thread dies', async () => {
    const frames = readings(STREAMS, 120, 80);
    let background: BackgroundLearning | undefined;
    const log = new RecordingLog();
    const { lane } = await openOnlineLane(model, LIMITS, new Counters(), OPTIONS, {
      learning: (start) => {
        // More than the net has: a defect.
        const parameters = new Float32Array(start.knowledge.parameters.length + 1);
        return (background = new BackgroundLearning({ ...start, knowledge: { ...start.knowledge, parameters } }, log));
      },
    });
    await expect.poll(() => background?.over, { timeout: 20_000 }).toBe(true);
    expect(log.lines.filter((line) => line.includes('online learning has ended'))).toHaveLength(1);
    const unlearning = await openTestLane(model, LIMITS);
    expect(byStream(feed(lane, frames))).toEqual(byStream(feed(unlearning, frames)));
    unlearning.close();
    lane.close();
    await lane.untilClosed();
  });

  it('waits for no update: one that is late serves from the next border on, and none is begun meanwhile', async () => {
    const counters = new Counters();
    const slow = new SlowLearning();
    const { lane, online } = await openOnlineLane(model, LIMITS, counters, OPTIONS, {
      learning: (start) => slow.with(start),
    });
    const frames = readings(STREAMS, 160, 1000);
    feed(lane, frames.slice(0, 240));
    expect(slow.begun).toBe(1);
    const late = counters.get('online.late');
    expect(late).toBeGreaterThanOrEqual(3);
    expect(online.figures.updates).toBe(0);
    slow.finish();
    feed(lane, frames.slice(240, 264));
    expect(online.figures.updates).toBe(1);
    expect(slow.begun).toBe(2);
    expect(counters.get('online.late')).toBe(late);
    lane.close();
  });
});

/** Is finished when it is told so. */
class SlowLearning implements Learning {
  readonly over = false;
  busy = false;
  begun = 0;
  #learner: InlineLearning | undefined;

  with(start: LearnerStart): this {
    this.#learner = new InlineLearning(start);
    return this;
  }

  learn(lessons: readonly Lesson[]): void {
    this.busy = true;
    this.begun++;
    this.#learner?.learn(lessons);
  }

  finish(): void {
    this.busy = false;
  }

  take(): Update | undefined {
    return this.busy ? undefined : this.#learner?.take();
  }

  async close(): Promise<void> {
    await this.#learner?.close();
  }
}
