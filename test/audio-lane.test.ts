import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineConfig } from '../src/config/load.js';
import type { Engine, Lane } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import type { KiokuEvent, TranscriptEvent } from '../src/core/events.js';
import type { Hotword } from '../src/core/hotwords.js';
import { openLane } from '../src/open-lane.js';
import { contextOf } from '../src/stage-context.js';
import { decodeSnapshot, encodeSnapshot } from '../src/step/snapshot.js';
import { frameOf, RATE_HZ, sound } from './support/sound.js';
import { madeUpWords } from './support/speech-models/hotwords.js';
import { writeLstmTransducer, writeZipformer2Ctc } from './support/speech-models/models.js';
import { userEngine } from './support/user-engine.js';

const finals = (events: readonly KiokuEvent[], stream: string): TranscriptEvent[] =>
  events.filter((event): event is TranscriptEvent => event.type === 'final' && event.stream === stream);

async function open(
  decide: { readonly model?: string },
  maxStreams = 4,
  counters = new Counters(),
  engine: Engine = userEngine,
): Promise<Lane> {
  const { model, ...options } = decide;
  const config = await defineConfig({
    ...(model === undefined ? {} : { model }),
    source: { kind: 'microphone' },
    decide: options,
    sinks: [],
    limits: { maxStreams },
  });
  return openLane(config, engine, contextOf(config, { counters }));
}

/** An engine that notes of every step of the net that hears how many streams took part. */
function countingRows(rows: number[]): Engine {
  return {
    ...userEngine,
    open: async (model, capacity) => {
      const net = await userEngine.open(model, capacity);
      // Decoder and joiner are stepped by what was heard.
      if (model.inputs.every(({ name }) => name !== 'x' && name !== 'input')) return net;
      const step = net.step.bind(net);
      net.step = (slots, n) => {
        rows.push(n);
        step(slots, n);
      };
      return net;
    },
  };
}

/** Everything that a stream makes a lane say when it comes in pieces. */
function hear(lane: Lane, stream: string, samples: Float64Array, cuts: readonly number[]): KiokuEvent[] {
  const events: KiokuEvent[] = [];
  const bounds = [0, ...cuts.toSorted((a, b) => a - b), samples.length];
  for (let i = 1; i < bounds.length; i++) {
    lane.push([frameOf(stream, samples, bounds[i - 1], bounds[i], i === bounds.length - 1 ? 'end' : undefined)]);
    events.push(...lane.turn().events);
  }
  return events;
}

/** What does not depend on when a lane was looked at. */
const lasting = (events: readonly KiokuEvent[]): KiokuEvent[] => events.filter(({ type }) => type !== 'partial');

/** Ends a segment in every pause of the sound, and amid it. */
const EAGER = {
  rules: [
    { afterSpeech: true, silenceMs: 160 },
    { afterSpeech: false, lengthMs: 1000 },
  ],
};

describe('a lane that listens', () => {
  let root: string;
  let models: Readonly<Record<string, string>>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kioku-audio-lane-'));
    models = {
      transducer: await writeLstmTransducer(join(root, 'transducer')),
      ctc: await writeZipformer2Ctc(join(root, 'ctc')),
    };
  });
  afterAll(() => rm(root, { recursive: true }));

  interface Task {
    readonly kind: string;
    readonly model?: string;
    readonly endpoint?: typeof EAGER;
    readonly search?: string;
    readonly hotwords?: readonly Hotword[];
  }
  const tasks: Readonly<Record<string, () => Task>> = {
    'a transducer': () => ({ kind: 'transcribe', model: models['transducer'] }),
    'a CTC model': () => ({ kind: 'transcribe', model: models['ctc'] }),
    'a transducer that ends many segments': () => ({
      kind: 'transcribe',
      model: models['transducer'],
      endpoint: EAGER,
    }),
    'a CTC model that ends many segments': () => ({ kind: 'transcribe', model: models['ctc'], endpoint: EAGER }),
    'a transducer that is searched with a beam': () => ({
      kind: 'transcribe',
      model: models['transducer'],
      endpoint: EAGER,
      search: 'beam',
      hotwords: madeUpWords(100, 60, 2.5),
    }),
    'a transducer behind a voice gate': () => ({
      kind: 'transcribe',
      model: models['transducer'],
      vad: { threshold: 0.02, offThreshold: 0.01, minSpeechMs: 0 },
    }),
    'voice activity alone': () => ({ kind: 'voice', threshold: 0.02, offThreshold: 0.01, minSpeechMs: 0 }),
  };

  describe.each(Object.keys(tasks))('%s', (task) => {
    const samples = sound(1, 6);
    const cut = fc.array(fc.nat(samples.length), { maxLength: 12 });

    it('says the same however the audio is cut', async () => {
      const lane = await open(tasks[task]());
      const whole = lasting(hear(lane, 'a', samples, []));
      expect(whole.length).toBeGreaterThan(0);
      const endpoints = whole.filter(({ type }) => type === 'endpoint').length;
      expect(endpoints).toBeGreaterThanOrEqual(tasks[task]().endpoint === undefined ? 0 : 3);
      fc.assert(
        fc.property(cut, (cuts) => {
          expect(lasting(hear(lane, 'a', samples, cuts))).toEqual(whole);
        }),
        { numRuns: 10 },
      );
      lane.close();
    });

    it('says the same whoever speaks at the same time', async () => {
      const lane = await open(tasks[task]());
      const alone = hear(lane, 'a', samples, [50_000]);
      const others = [2, 3].map((stream) => sound(stream, 6));
      const together: KiokuEvent[] = [];
      for (let from = 0; from < samples.length; from += 7000) {
        const to = Math.min(from + 7000, samples.length);
        const mark = to === samples.length ? ('end' as const) : undefined;
        lane.push([
          ...others.map((other, i) => frameOf(`other ${i}`, other, from, to, mark)),
          frameOf('a', samples, from, to, mark),
        ]);
        together.push(...lane.turn().events);
      }
      expect(lasting(together).filter(({ stream }) => stream === 'a')).toEqual(lasting(alone));
      lane.close();
    });

    it('goes on alike in another lane after a snapshot at any sample', async () => {
      const lanes = [await open(tasks[task]()), await open(tasks[task]())];
      const whole = lasting(hear(lanes[0], 'a', samples, []));
      fc.assert(
        fc.property(fc.integer({ min: 1, max: samples.length - 1 }), (at) => {
          const [first, second] = lanes;
          first.push([frameOf('a', samples, 0, at)]);
          const events = [...first.turn().events];
          const bytes = encodeSnapshot(first.evict('a'));
          second.restore(decodeSnapshot(bytes));
          second.push([frameOf('a', samples, at, samples.length, 'end')]);
          events.push(...second.turn().events);
          expect(lasting(events)).toEqual(whole);
        }),
        { numRuns: 10 },
      );
      for (const lane of lanes) lane.close();
    });
  });

  it.each(['a transducer', 'a CTC model', 'voice activity alone'])(
    'steps %s once for all streams that have something to hear',
    async (task) => {
      const runs: { alone: number[]; together: number[] } = { alone: [], together: [] };
      for (const [how, streams] of [
        ['alone', ['a']],
        ['together', ['a', 'b', 'c']],
      ] as const) {
        const lane = await open(tasks[task](), 4, new Counters(), countingRows(runs[how]));
        const samples = sound(1, 3);
        for (let from = 0; from < samples.length; from += 4000) {
          lane.push(streams.map((stream) => frameOf(stream, samples, from, from + 4000)));
          lane.turn();
        }
        lane.close();
      }
      expect(runs.alone.length).toBeGreaterThan(5);
      expect(new Set(runs.alone)).toEqual(new Set([1]));
      expect(runs.together).toEqual(runs.alone.map(() => 3));
    },
  );

  it('makes what was said before a hole final, and begins anew behind it', async () => {
    const lane = await open(tasks['a transducer']());
    const samples = sound(1, 4);
    lane.push([frameOf('a', samples, 0, 30_000)]);
    const lateUs = 3_600_000_000;
    const behind = { ...frameOf('a', samples, 30_000, 64_000, 'gap'), us: lateUs };
    lane.push([behind]);
    const all = finals([...lane.turn().events, ...lane.end().events], 'a');
    const before = all.filter(({ us }) => us < 10_000_000);
    const after = all.filter(({ us }) => us >= lateUs);
    expect(before.length + after.length).toBe(all.length);
    expect(before.length).toBeGreaterThan(0);
    expect(after[0].startUs).toBeGreaterThanOrEqual(lateUs);
    expect(after[0].originUs).toBe(0);
    expect(after[0].segment).toBe((before.at(-1)?.segment ?? 0) + 1);
    lane.close();
  });

  it('takes a sender that begins again without having ended for another stream', async () => {
    const lane = await open(tasks['a transducer']());
    const samples = sound(1, 2);
    lane.push([frameOf('a', samples, 0, 32_000, 'start')]);
    lane.push([{ ...frameOf('a', samples, 0, 32_000, 'start'), us: 60_000_000 }]);
    const [first, second] = finals(lane.end().events, 'a');
    expect([first.originUs, second.originUs]).toEqual([0, 60_000_000]);
    expect(second).toMatchObject({ segment: 0, text: first.text });
    lane.close();
  });

  it('ends a live stream that has only stopped sending, and one that has to leave for another', async () => {
    const counters = new Counters();
    const lane = await open(tasks['a transducer'](), 1, counters);
    const samples = sound(1, 2);
    lane.push([{ ...frameOf('a', samples, 0, samples.length), arrivedUs: 1e9 }]);
    lane.turn();
    expect(lane.tick(1e9 + 9e6).events).toEqual([]);
    expect(finals(lane.tick(1e9 + 11e6).events, 'a')).toHaveLength(1);
    expect(lane.streams).toEqual([]);
    expect(counters.get('lane.stream-idle')).toBe(1);
    lane.push([frameOf('a', samples, 0, samples.length), frameOf('b', samples, 0, samples.length)]);
    expect(finals(lane.turn().events, 'a')).toHaveLength(1);
    expect(lane.streams).toEqual(['b']);
    lane.close();
  });

  it('waits for a stream that was restored as long as for any other', async () => {
    const lanes = [await open(tasks['a transducer']()), await open(tasks['a transducer']())];
    const [first, second] = lanes;
    first.push([frameOf('a', sound(1, 2), 0, 32_000)]);
    second.restore(first.evict('a'));
    const nowUs = 1_700_000_000_000_000;
    expect(second.tick(nowUs).events).toEqual([]);
    expect(second.tick(nowUs + 9e6).events).toEqual([]);
    expect(second.streams).toEqual(['a']);
    expect(finals(second.tick(nowUs + 10e6).events, 'a')).toHaveLength(1);
    expect(second.streams).toEqual([]);
    for (const lane of lanes) lane.close();
  });

  it('does not make a stream leave for the end of one that has left', async () => {
    const counters = new Counters();
    const lane = await open(tasks['a transducer'](), 1, counters);
    const samples = sound(1, 2);
    lane.push([frameOf('a', samples, 0, 16_000), frameOf('b', samples, 0, 16_000)]);
    lane.push([frameOf('a', samples, 16_000, 16_000, 'end')]);
    expect(lane.streams).toEqual(['b']);
    expect(counters.get('step.evicted')).toBe(1);
    lane.close();
  });

  it('refuses the memory of another model, and leaves no half-restored stream behind', async () => {
    const [transducer, ctc] = [await open(tasks['a transducer']()), await open(tasks['a CTC model']())];
    transducer.push([frameOf('a', sound(1, 1), 0, RATE_HZ)]);
    const snapshot = transducer.snapshot('a');
    expect(() => ctc.restore(snapshot)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
    const parts = new Map(snapshot.parts);
    parts.delete('decide');
    expect(() => transducer.restore({ ...snapshot, stream: 'b', parts })).toThrow(/no part 'decide'/);
    expect(transducer.streams).toEqual(['a']);
    for (const lane of [transducer, ctc]) lane.close();
  });
});
