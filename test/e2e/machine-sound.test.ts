/**
 * The shipped configuration, from files instead of a microphone: two machines are learnt, then one of them gets a worn
 * bearing for a while. It raises one incident that names the bands in which the shocks ring; the other machine raises none.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import type { Config } from '../../src/config/config.js';
import { defineConfig } from '../../src/config/load.js';
import type { IncidentEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { gatherReadings } from '../../src/intake.js';
import { learn } from '../../src/learn.js';
import { Pipeline } from '../../src/pipeline.js';
import { contextOf } from '../../src/stage-context.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { ROOT } from '../support/build.js';
import { type Bearing, type Machine, machineSound } from '../support/machine-sounds.js';
import { pcmOf, wavOf } from '../support/wav.js';

const LEARNT_SECONDS = 400;
const WATCHED_SECONDS = 120;
const FAULT = { fromSeconds: 70, toSeconds: 90 };

type Section = Readonly<Record<string, unknown>>;
type Sections = Readonly<Record<string, Section>>;

const EXAMPLE = readFileSync(join(ROOT, 'configs/machine-sound.yaml'), 'utf8');

interface Plant {
  readonly machines: Readonly<Record<string, Omit<Machine, 'seed'>>>;
  readonly bearing: Bearing;
  /** Of the machine with the worn bearing. */
  readonly faulty: string;
  readonly extension: 'wav' | 'pcm';
}

/** Writes what each machine sounds like for so long. @returns the files */
function record(folder: string, plant: Plant, seconds: number, seed: number, worn: boolean): string[] {
  mkdirSync(folder);
  return Object.entries(plant.machines).map(([name, machine], i) => {
    const bearing = worn && name === plant.faulty ? plant.bearing : undefined;
    const sound = machineSound({ ...machine, seed: seed + i }, seconds, bearing);
    const file = join(folder, `${name}.${plant.extension}`);
    const wav = plant.extension === 'wav';
    writeFileSync(file, wav ? wavOf(sound, { sampleRateHz: machine.rateHz }) : pcmOf(sound, 's16le'));
    return file;
  });
}

/** Learns from one recording and watches another. */
async function incidentsOf(sections: Sections, plant: Plant): Promise<readonly IncidentEvent[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-machine-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const configOf = (files: string[], more: Section = {}): Promise<Config> =>
    defineConfig({ ...sections, ...more, source: { ...sections['source'], files } }, join(folder, 'machine.yaml'));

  const normal = await configOf(record(join(folder, 'normal'), plant, LEARNT_SECONDS, 1, false));
  const context = contextOf(normal);
  await learn(normal, await gatherReadings(normal, { context }), { engine: nodeEngine, context });

  const sinks = [{ kind: 'jsonl', path: 'events.jsonl' }];
  const watched = await configOf(record(join(folder, 'watched'), plant, WATCHED_SECONDS, 11, true), { sinks });
  const summary = await new Pipeline(watched, { engine: nodeEngine, log: silentLog }).run(new AbortController().signal);
  const steps = (WATCHED_SECONDS * 1000) / watched.align.stepMs;
  expect(summary.steps).toBeGreaterThan(2 * steps - 10);
  expect(summary.counters).toEqual({});
  const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as IncidentEvent);
}

/** Who is told of, how often, how it began and ended, and which band is blamed first. */
function storyOf(events: readonly IncidentEvent[]): Section {
  const [opened] = events;
  const [{ name, expected, observed }] = opened.channels;
  return {
    streams: [...new Set(events.map(({ stream }) => stream))],
    incidents: new Set(events.map(({ id }) => id)).size,
    phases: [opened.phase, events.at(-1)?.phase],
    reason: opened.reason,
    secondsAfterFault: opened.us / 1e6 - FAULT.fromSeconds,
    bandHz: Number(/^mel\.(\d+)Hz$/.exec(name)?.[1]),
    louder: observed > expected,
  };
}

/** What is to be told: one incident of one machine, in whose band the shocks ring. */
function oneIncident(stream: string, lowHz: number, highHz: number): Section {
  return {
    streams: [stream],
    incidents: 1,
    phases: ['new', 'end'],
    reason: 'anomaly',
    secondsAfterFault: expect.toSatisfy((seconds: number) => seconds > 0 && seconds < 8) as unknown,
    bandHz: expect.toSatisfy((hz: number) => hz > lowHz && hz < highHz) as unknown,
    louder: true,
  };
}

describe('a machine is watched by its sound', () => {
  it('a worn bearing of one of two motors raises one incident, the other motor none', async () => {
    const plant: Plant = {
      machines: {
        fan: { rateHz: 16_000, turnHz: 24.6, offset: 0 },
        motor: { rateHz: 16_000, turnHz: 49.3, offset: 0 },
      },
      bearing: { ...FAULT, shocksHz: 87, ringsHz: 4200, strength: 0.1 },
      faulty: 'motor',
      extension: 'wav',
    };
    const sections = parse(EXAMPLE) as Sections;
    const events = await incidentsOf({ ...sections, source: { kind: 'audio-files' } }, plant);
    expect(storyOf(events)).toEqual(oneIncident('motor', 3500, 5000));
  }, 60_000);

  it('so is one with an accelerometer of 3,200 samples a second, with gravity on it', async () => {
    const plant: Plant = {
      machines: {
        gearbox: { rateHz: 3200, turnHz: 24.7, offset: 0.3 },
        pump: { rateHz: 3200, turnHz: 16.2, offset: 0.3 },
      },
      bearing: { ...FAULT, shocksHz: 31, ringsHz: 1150, strength: 0.15 },
      faulty: 'pump',
      extension: 'pcm',
    };
    // The other sections that the example shows in its comment.
    const commented = EXAMPLE.slice(EXAMPLE.indexOf('# source:'), EXAMPLE.indexOf('\nalign:'));
    const vibration = parse(commented.replaceAll(/^# /gm, '')) as Sections;
    expect(Object.keys(vibration)).toEqual(['source', 'decode', 'extract']);
    const { kind: _, ...pcm } = vibration['decode'];
    const source = { kind: 'audio-files', parallel: true, format: 'pcm', pcm };
    const events = await incidentsOf({ ...(parse(EXAMPLE) as Sections), ...vibration, source }, plant);
    expect(storyOf(events)).toEqual(oneIncident('pump', 900, 1400));
  }, 60_000);
});
