import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { hostKind } from '../../src/source/host.js';
import { HostSampler } from '../../src/source/host-sampler.js';
import { sourceContract, turns } from '../contracts/source.contract.js';
import { Collector, stageContext } from '../support/stages.js';

function hostSource(options: Record<string, unknown> = {}, context = stageContext()) {
  const source = hostKind.create(hostKind.schema.parse({ kind: 'host', ...options }), context);
  onTestFinished(() => source.stop());
  return source;
}

sourceContract('host', () => {
  const source = hostSource({ intervalMs: 20 }, stageContext({ index: 3 }));
  return Promise.resolve({ source, feed: () => Promise.resolve() });
});

/** A /proc and /sys with the given files. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = `${mkdtempSync(join(tmpdir(), 'kioku-host-'))}/`;
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  write(root, files);
  return root;
}

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(root + name), { recursive: true });
    writeFileSync(root + name, content);
  }
}

function sampler(root?: string): HostSampler {
  const made = new HostSampler(root);
  onTestFinished(() => made.close());
  return made;
}

describe('the values of this machine', () => {
  it('are there, in range, under the same names every time', () => {
    const host = sampler();
    host.sample();
    const first = host.sample();
    const second = host.sample();
    expect(Object.keys(second)).toEqual(Object.keys(first));
    expect(Object.keys(first)).toEqual(expect.arrayContaining(['cpu', 'cpu.0', 'load1', 'memory', 'loop.delay']));
    for (const [name, value] of Object.entries(second)) {
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeLessThanOrEqual(/^(cpu|memory)/.test(name) ? 100 : Infinity);
    }
    expect(second['memory']).toBeGreaterThan(0);
  });

  it('show a busy processor and the event loop that it holds up', () => {
    const host = sampler();
    host.sample();
    const until = performance.now() + 300;
    while (performance.now() < until);
    const busy = host.sample();
    expect(busy['cpu']).toBeGreaterThan(100 / os.cpus().length / 2);
    expect(busy['loop.delay']).toBeGreaterThan(200);
    expect(host.sample()['loop.delay']).toBeLessThan(100);
  });

  it('leave out what the machine does not have', () => {
    const names = Object.keys(sampler(machine({})).sample());
    expect(names.filter((name) => /^(disk|net|temperature)/.test(name))).toEqual([]);
  });
});

describe('on a machine with a disk, a network card and sensors', () => {
  const before = {
    'sys/block/sda/device/model': '',
    'sys/block/loop0/size': '',
    'sys/class/net/eth0/device/vendor': '',
    'sys/class/net/docker0/mtu': '',
    'sys/class/thermal/thermal_zone0/temp': '41500\n',
    'sys/class/thermal/thermal_zone1/temp': '38000\n',
    'sys/class/thermal/thermal_zone2/temp': '-274000\n',
    'sys/class/thermal/cooling_device0/temp': '99000\n',
    'proc/diskstats':
      '   7 0 loop0 9 0 900 0 9 0 900 0\n   8 0 sda 10 0 1000 5 20 0 2000 5 0\n   8 1 sda1 10 0 1000 5 20 0 2000 5\n',
    'proc/net/dev':
      'Inter-| Receive | Transmit\n face |bytes packets\n  eth0: 5000 1 0 0 0 0 0 0 7000 1 0 0 0 0 0 0\ndocker0: 1 1 0 0 0 0 0 0 1 1 0\n',
  };

  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('gives rates of the physical devices, and the hottest sensor that is connected', () => {
    const root = machine(before);
    const host = sampler(root);
    vi.advanceTimersByTime(500);
    write(root, {
      'proc/diskstats': '   7 0 loop0 9 0 99999 0 9 0 99999 0\n   8 0 sda 10 0 1100 5 20 0 2010 5 0\n',
      'proc/net/dev': 'docker0: 9999 1 0 0 0 0 0 0 9999 1 0\n  eth0:6000 1 0 0 0 0 0 0 7100 1 0 0 0 0 0 0\n',
    });
    expect(host.sample()).toMatchObject({
      'disk.read': (100 * 512) / 0.5,
      'disk.write': (10 * 512) / 0.5,
      'net.rx': 2000,
      'net.tx': 200,
      temperature: 41.5,
    });
  });

  it('gives 0, not a negative rate, when a counter starts anew', () => {
    const root = machine(before);
    const host = sampler(root);
    vi.advanceTimersByTime(500);
    write(root, { 'proc/net/dev': '  eth0: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n' });
    expect(host.sample()).toMatchObject({ 'net.rx': 0, 'net.tx': 0, 'disk.read': 0 });
  });
});

describe('the source', () => {
  it('samples four times a second, stamped with its time', async () => {
    vi.useFakeTimers({ now: 1_769_860_800_000, toFake: ['setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const source = hostSource({ stream: 'me' });
    const collector = new Collector(source);
    await source.start(new AbortController().signal);
    source.credit(100);
    vi.advanceTimersByTime(1000);
    await collector.count(4);
    expect(collector.packets.map(({ arrivedUs }) => arrivedUs - 1_769_860_800_000_000)).toEqual([
      250_000, 500_000, 750_000, 1_000_000,
    ]);
    expect(collector.packets[0]?.route).toEqual({ stream: 'me' });
    expect(JSON.parse(collector.texts[3] ?? '')).toMatchObject({ time: 1_769_860_801_000, cpu: expect.any(Number) });
  });

  it('drops and counts the oldest when nobody takes them, and numbers the rest without a hole', async () => {
    vi.useFakeTimers({ now: 0, toFake: ['setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const context = stageContext();
    const source = hostSource({}, context);
    const collector = new Collector(source);
    await source.start(new AbortController().signal);
    vi.advanceTimersByTime(250 * 70);
    source.credit(1000);
    await collector.count(64);
    await turns(5);
    expect(collector.packets.map(({ seq }) => seq)).toEqual(Array.from({ length: 64 }, (_, i) => i + 1));
    expect(collector.packets[0]?.arrivedUs).toBe(7 * 250_000);
    expect(context.counters.toJSON()).toEqual({ 'source.no-credit': 6 });
  });
});
