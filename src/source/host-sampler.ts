/** What this machine is doing: processor, memory, disks, network, event loop, temperature. Starts no program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { LoopDelay } from './loop-delay.js';

const SECTOR_BYTES = 512;
/** A sensor beyond is not connected. */
const PLAUSIBLE_C = [-50, 150] as const;

/** Totals since boot, of which `sample` gives the change a second. */
interface Totals {
  readonly ms: number;
  readonly cores: readonly { readonly busy: number; readonly all: number }[];
  readonly disk: readonly [readBytes: number, writtenBytes: number] | undefined;
  readonly net: readonly [receivedBytes: number, sentBytes: number] | undefined;
}

/**
 * Channels, where the machine has them:
 * `cpu`, `cpu.0`, `cpu.1`, … (% busy), `load1` (one-minute load average), `memory` (% used), `disk.read`, `disk.write`,
 * `net.rx`, `net.tx` (bytes/s over all physical devices), `loop.delay` (ms, the longest delay of this process's
 * event loop), `temperature` (°C, the hottest sensor). Disks, network and temperature are Linux only.
 */
export class HostSampler {
  readonly #root: string;
  readonly #disks: ReadonlySet<string>;
  readonly #nets: ReadonlySet<string>;
  readonly #thermals: readonly string[];
  readonly #loop = new LoopDelay();
  #last: Totals;

  /** @param root where /proc and /sys are; another one in tests */
  constructor(root = '/') {
    this.#root = root;
    this.#disks = physical(`${root}sys/block`);
    this.#nets = physical(`${root}sys/class/net`);
    this.#thermals = names(`${root}sys/class/thermal`)
      .filter((name) => name.startsWith('thermal_zone'))
      .map((name) => `${root}sys/class/thermal/${name}/temp`);
    this.#last = this.#totals();
  }

  /** The values since the last call (rates, percentages) or at this moment (the others). */
  sample(): Record<string, number> {
    const now = this.#totals();
    const last = this.#last;
    this.#last = now;
    const seconds = Math.max(1e-3, (now.ms - last.ms) / 1000);
    const values: Record<string, number> = {};
    addCores(values, last.cores, now.cores);
    values['load1'] = round(os.loadavg()[0]);
    values['memory'] = round(100 * (1 - os.freemem() / os.totalmem()));
    addRates(values, ['disk.read', 'disk.write'], last.disk, now.disk, seconds);
    addRates(values, ['net.rx', 'net.tx'], last.net, now.net, seconds);
    values['loop.delay'] = round(this.#loop.take());
    const hottest = this.#temperature();
    if (hottest !== undefined) values['temperature'] = hottest;
    return values;
  }

  /** Ends the measurement of the event loop. */
  close(): void {
    this.#loop.stop();
  }

  #totals(): Totals {
    const cores = os.cpus().map(({ times }) => {
      const busy = times.user + times.nice + times.sys + times.irq;
      return { busy, all: busy + times.idle };
    });
    return { ms: performance.now(), cores, disk: this.#diskBytes(), net: this.#netBytes() };
  }

  /** /proc/diskstats: major, minor, name, reads, merged, sectors read, ms, writes, merged, sectors written, … */
  #diskBytes(): Totals['disk'] {
    if (this.#disks.size === 0) return undefined;
    let read = 0;
    let written = 0;
    for (const line of lines(`${this.#root}proc/diskstats`)) {
      const fields = line.trim().split(/\s+/);
      if (!this.#disks.has(fields[2])) continue;
      read += Number(fields[5]) * SECTOR_BYTES;
      written += Number(fields[9]) * SECTOR_BYTES;
    }
    return [read, written];
  }

  /** /proc/net/dev: name: bytes received, 7 more, bytes sent, … */
  #netBytes(): Totals['net'] {
    if (this.#nets.size === 0) return undefined;
    let received = 0;
    let sent = 0;
    for (const line of lines(`${this.#root}proc/net/dev`)) {
      const [name, counts] = line.split(':', 2);
      if (counts === undefined || !this.#nets.has(name.trim())) continue;
      const fields = counts.trim().split(/\s+/);
      received += Number(fields[0]);
      sent += Number(fields[8]);
    }
    return [received, sent];
  }

  #temperature(): number | undefined {
    let hottest: number | undefined;
    for (const path of this.#thermals) {
      const [text] = lines(path);
      const celsius = text === undefined || text === '' ? Number.NaN : Number(text) / 1000;
      if (celsius < PLAUSIBLE_C[0] || celsius > PLAUSIBLE_C[1] || Number.isNaN(celsius)) continue;
      hottest = Math.max(hottest ?? celsius, celsius);
    }
    return hottest;
  }
}

function addCores(values: Record<string, number>, last: Totals['cores'], now: Totals['cores']): void {
  let busy = 0;
  let all = 0;
  const each: number[] = [];
  for (let i = 0; i < now.length; i++) {
    const before = last[i] ?? now[i];
    busy += now[i].busy - before.busy;
    all += now[i].all - before.all;
    each.push(percent(now[i].busy - before.busy, now[i].all - before.all));
  }
  values['cpu'] = percent(busy, all);
  each.forEach((value, i) => (values[`cpu.${i}`] = value));
}

function addRates(
  values: Record<string, number>,
  names: readonly [string, string],
  last: readonly [number, number] | undefined,
  now: readonly [number, number] | undefined,
  seconds: number,
): void {
  if (last === undefined || now === undefined) return;
  // A device that was unplugged takes its count along; that is no negative rate.
  for (const i of [0, 1] as const) values[names[i]] = round(Math.max(0, now[i] - last[i]) / seconds);
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : round(Math.min(100, Math.max(0, (100 * part) / whole)));
}

/** Two decimals: more would be noise. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Devices with hardware behind them: no loop devices, bridges or containers. */
function physical(folder: string): ReadonlySet<string> {
  return new Set(names(folder).filter((name) => existsSync(`${folder}/${name}/device`)));
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    // Not Linux, or not mounted: the channel is absent.
    return [];
  }
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    // A sensor may refuse to be read for a moment.
    return [];
  }
}
