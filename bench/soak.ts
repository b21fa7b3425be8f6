/**
 * Does it still need the same memory after a long time? Five million steps of devices that come and go in every way there
 * is: new names for which the longest unheard must leave, names that fall silent and are forgotten, senders that say
 * that they have ended, streams that are taken out with their state and come back, all with faults among them.
 */
import type { Frame } from '../src/core/contracts.js';
import { silentLog } from '../src/core/log.js';
import { uniform } from '../src/core/random.js';
import { DEFAULT_RUNTIME } from '../src/core/runtime.js';
import { openEngine } from '../src/step/open-engine.js';
import { decodeSnapshot, encodeSnapshot } from '../src/step/snapshot.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine } from './report.js';
import {
  BATCH,
  calmValue,
  Fleet,
  type Message,
  messageOf,
  settledMemory,
  START_US,
  STEP_US,
  streamOf,
  withFleetModel,
} from './support/fleet.js';

const STEPS = 5_000_000;
const COMINGS = 10_000;
/** Devices that send at a time, once a step each. */
const PRESENT = 1000;
/** Room for a few more: those that have fallen silent but are not forgotten yet. */
const MAX_STREAMS = 1024;
const IDLE_STEPS = 20;
/** So many changes apart, so many new names come at once: more than there is room for. */
const BURST_EVERY = 500;
const BURST = 60;
/** Steps of a fault, and the share of the time that a device has one. */
const FAULT_STEPS = 30;
const FAULTY = 0.01;
/** How far a faulty device is off. */
const FAULT = 30;
/** Parts of the run after which memory is read; the first of them is the warm-up. */
const PARTS = 10;

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  return withFleetModel(async (model) => {
    const limits = { maxStreams: MAX_STREAMS, streamIdleMs: (IDLE_STEPS * STEP_US) / 1000 };
    const fleet = await Fleet.open(model, limits, await openEngine(DEFAULT_RUNTIME, silentLog));
    const share = smoke ? 0.01 : 1;
    const crowd = new Crowd(fleet, STEPS * share, COMINGS * share);
    const start = performance.now();
    const resident: number[] = [];
    const held: number[] = [];
    for (let part = 1; part <= PARTS; part++) {
      crowd.until(part / PARTS);
      const memory = await settledMemory();
      resident.push(memory.resident);
      held.push(memory.held);
    }
    const seconds = (performance.now() - start) / 1000;
    const { steps, changes, names, incidents } = crowd;
    fleet.lane.close();
    return {
      bench: 'soak',
      machine: machine(),
      rows: [
        ratioRow('soak.memory-ratio', resident),
        ratioRow('soak.held-memory-ratio', held),
        mebibyteRow('soak.memory-mib', resident),
        mebibyteRow('soak.held-memory-mib', held),
        { id: 'soak.seconds', value: seconds, unit: 's', samples: [seconds] },
      ],
      notes: [
        `${steps} steps; ${changes} comings and goings of ${names} names, ${incidents} incidents, counters ${JSON.stringify(fleet.counters)}`,
        `memory after garbage collection at the end over that after the first ${100 / PARTS} %; samples: after every ${100 / PARTS} %`,
        'held: what JavaScript holds; the other is the whole process',
      ],
    };
  });
}

function ratioRow(id: string, samples: readonly number[]): BenchRow {
  const [first] = samples;
  return { id, value: samples[samples.length - 1] / first, unit: '1', samples: samples.map((bytes) => bytes / first) };
}

function mebibyteRow(id: string, bytes: readonly number[]): BenchRow {
  const samples = bytes.map((size) => size / 2 ** 20);
  return { id, value: samples[samples.length - 1], unit: 'MiB', samples };
}

/** What a device whose place is taken does before the next one comes. */
const WAYS = ['falls silent', 'ends', 'moves away and back', 'falls silent, an old name comes back'] as const;

/** The devices that send now, each in a place of its own that others take after it. */
class Crowd {
  steps = 0;
  changes = 0;
  names = PRESENT;
  incidents = 0;
  readonly #devices = Int32Array.from({ length: PRESENT }, (_, place) => place);
  /** 1 = it has sent already. */
  readonly #known = new Uint8Array(PRESENT);
  #place = 0;
  #step = 0;

  /** Spreads `changesInAll` evenly over `stepsInAll`. */
  constructor(
    private readonly fleet: Fleet,
    private readonly stepsInAll: number,
    private readonly changesInAll: number,
  ) {}

  /** Goes on until so much of the whole is done. */
  until(share: number): void {
    while (this.steps < share * this.stepsInAll) {
      const batch = Array.from({ length: BATCH }, () => this.#next());
      this.#take(this.fleet.decode(batch));
      while (this.changes < (this.steps / this.stepsInAll) * this.changesInAll) this.#change();
    }
  }

  #next(): Message {
    if (this.#place === PRESENT) {
      this.#place = 0;
      this.#step++;
    }
    const place = this.#place++;
    const device = this.#devices[place];
    this.#known[place] = 1;
    const period = Math.floor(this.#step / FAULT_STEPS);
    const fault = uniform(2, device, period) < FAULTY ? FAULT : 0;
    return messageOf(device, this.#us + place * 1000, calmValue(device, this.#step) + fault);
  }

  get #us(): number {
    return START_US + this.#step * STEP_US;
  }

  #take(frames: readonly Frame[]): void {
    const { events, steps } = this.fleet.take(frames);
    this.steps += steps;
    for (const event of events) if (event.type === 'incident' && event.phase === 'new') this.incidents++;
  }

  #change(): void {
    const n = this.changes++;
    if (n % BURST_EVERY === 0)
      for (let i = 1; i < BURST; i++, this.changes++) this.#replace(this.#anyPlace(), this.names++);
    const place = this.#anyPlace();
    if (this.#known[place] === 0) return this.#replace(place, this.names++);
    const way = WAYS[n % WAYS.length];
    if (way === 'moves away and back') return this.#move(place);
    if (way === 'ends') this.#take([this.fleet.endOf(streamOf(this.#devices[place]), this.#us + STEP_US)]);
    const isOld = way === 'falls silent, an old name comes back';
    this.#replace(place, isOld ? this.#oldName() : this.names++);
  }

  #anyPlace(): number {
    return Math.floor(uniform(3, 0, this.changes) * PRESENT);
  }

  /** A name of some time ago; one that is here already would send twice. */
  #oldName(): number {
    const device = Math.floor(uniform(4, 0, this.changes) * this.names);
    return this.#devices.includes(device) ? this.names++ : device;
  }

  #replace(place: number, device: number): void {
    this.#devices[place] = device;
    this.#known[place] = 0;
  }

  /** As when a stream goes on on another machine: its memory is written down and read again. */
  #move(place: number): void {
    const { lane } = this.fleet;
    const snapshot = decodeSnapshot(encodeSnapshot(lane.evict(streamOf(this.#devices[place]))));
    lane.restore(snapshot);
  }
}
