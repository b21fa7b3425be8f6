import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { microphoneKind } from '../../src/source/microphone.js';
import { sourceContract, turns } from '../contracts/source.contract.js';
import { alsaClip, programOnPath, stubEnvironment, temporaryFolder } from '../support/alsa.js';
import { needsProgram } from '../support/needs.js';
import { PulseAudio } from '../support/pulseaudio.js';
import { noise, ramp, samplesIn } from '../support/samples.js';
import { Collector, stageContext } from '../support/stages.js';

const goOn = new AbortController().signal;

function microphone(options: Record<string, unknown>, context = stageContext()) {
  const source = microphoneKind.create(microphoneKind.schema.parse({ kind: 'microphone', ...options }), context);
  onTestFinished(() => source.stop());
  return source;
}

/** Process ids of the programs that the source has started. */
function pidsIn(lines: readonly string[]): number[] {
  return lines.flatMap((line) => {
    const pid = /^debug recording .*"pid":(\d+)/.exec(line)?.[1];
    return pid === undefined ? [] : [Number(pid)];
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

sourceContract('microphone', (ctx) => {
  alsaClip(ctx, noise(1600));
  const source = microphone({ command: 'arecord', device: 'clip' }, stageContext({ index: 3 }));
  return Promise.resolve({ source, feed: () => Promise.resolve() });
});

describe('recorded by arecord', () => {
  it('gives the bytes of the card, in packets of 50 ms that say their format', async (ctx) => {
    const clip = noise(4 * 16_000 + 1236);
    alsaClip(ctx, clip);
    const source = microphone({ command: 'arecord', device: 'clip', channels: 2, stream: 'hall' });
    const collector = new Collector(source);
    await source.start(goOn);
    source.credit(1_000_000);
    await collector.until(() => collector.packets.length > 40);
    await source.stop();
    const bytes = Buffer.concat(collector.packets.map(({ bytes }) => bytes));
    expect(bytes.subarray(0, clip.length).equals(clip)).toBe(true);
    const properties = { sampleRateHz: '16000', channels: '2', format: 's16le' };
    expect(collector.packets[7]).toMatchObject({ route: { stream: 'hall' }, properties });
    expect(collector.packets.slice(0, 40).every(({ bytes }) => bytes.length === 3200)).toBe(true);
    expect(collector.packets.every(({ mark }) => mark === undefined)).toBe(true);
  });

  it('leaves no process behind', async (ctx) => {
    alsaClip(ctx, noise(1600));
    const context = stageContext();
    const source = microphone({ command: 'arecord', device: 'clip' }, context);
    await source.start(goOn);
    const pids = pidsIn(context.log.lines);
    expect(pids.map(isAlive)).toEqual([true]);
    await source.stop();
    expect(pids.map(isAlive)).toEqual([false]);
  });
});

it('drops the oldest that nobody takes, counts it in samples, and says that it is missing', async () => {
  const raw = join(temporaryFolder(), 'ramp.raw');
  writeFileSync(raw, ramp(8 * 16_000));
  programOnPath('arecord', `cat ${raw}; exec sleep 1000`);
  const context = stageContext();
  const source = microphone({ command: 'arecord' }, context);
  const collector = new Collector(source);
  await source.start(goOn);
  // The last 5 s are kept.
  await expect.poll(() => context.counters.toJSON()).toEqual({ 'source.no-credit-samples': 48_000 });
  source.credit(1000);
  await collector.count(100);
  expect(collector.packets[0]).toMatchObject({ seq: 1, mark: 'gap' });
  expect(collector.packets.slice(1).every(({ mark }) => mark === undefined)).toBe(true);
  const kept = Buffer.concat(collector.packets.map(({ bytes }) => bytes));
  expect(kept.equals(ramp(8 * 16_000).subarray(2 * 48_000))).toBe(true);
});

it('keeps 5 s beyond what may be taken at once, so that nothing is lost after a moment without a turn', async () => {
  const raw = join(temporaryFolder(), 'ramp.raw');
  writeFileSync(raw, ramp(8 * 16_000));
  programOnPath('arecord', `cat ${raw}; exec sleep 1000`);
  const context = stageContext();
  const source = microphone({ command: 'arecord' }, context);
  const collector = new Collector(source);
  source.credit(60);
  await source.start(goOn);
  await collector.count(60);
  source.credit(1000);
  await collector.count(160);
  expect(Buffer.concat(collector.packets.map(({ bytes }) => bytes)).equals(ramp(8 * 16_000))).toBe(true);
  expect(context.counters.toJSON()).toEqual({});
});

it('counts what nobody has taken when it is stopped', async () => {
  const raw = join(temporaryFolder(), 'ramp.raw');
  writeFileSync(raw, ramp(16_000));
  programOnPath('arecord', `cat ${raw}; exec sleep 1000`);
  const context = stageContext();
  const source = microphone({ command: 'arecord' }, context);
  const collector = new Collector(source);
  source.credit(5);
  await source.start(goOn);
  await collector.count(5);
  await source.stop();
  const taken = collector.packets.reduce((sum, { bytes }) => sum + bytes.length / 2, 0);
  expect(taken).toBe(5 * 800);
  expect(context.counters.toJSON()).toEqual({ 'source.no-credit-samples': 16_000 - taken });
});

describe('what goes wrong at the start is said', () => {
  it('no such device', async (ctx) => {
    alsaClip(ctx, noise(16));
    const source = microphone({ command: 'arecord', device: 'nowhere' });
    await expect(source.start(goOn)).rejects.toMatchObject({
      code: 'CAPTURE',
      message: expect.stringMatching(/arecord: audio open error: No such file or directory/),
      hint: expect.stringContaining('kioku devices'),
    });
  });

  it('the device is busy', async (ctx) => {
    needsProgram(ctx, 'strace');
    const raw = alsaClip(ctx, noise(16));
    // As the kernel answers when another program has the card.
    programOnPath(
      'arecord',
      `exec strace -f -o /dev/null -P ${raw} -e inject=openat:error=EBUSY /usr/bin/arecord "$@"`,
    );
    await expect(microphone({ command: 'arecord', device: 'clip' }).start(goOn)).rejects.toMatchObject({
      code: 'CAPTURE',
      message: expect.stringContaining('Device or resource busy'),
      hint: expect.stringContaining('another program holds the device'),
    });
  });

  it.for([
    [{ sampleRateHz: 16_000, channels: 1 }, 'the device does not record at 16000 Hz but at 48000 Hz', 'sampleRateHz'],
    [{ sampleRateHz: 48_000, channels: 2 }, 'Channels count non available', 'channels'],
  ] as const)('the device does not have what %j asks for', async ([options, message, key], ctx) => {
    alsaClip(ctx, noise(16));
    const context = stageContext();
    const source = microphone({ command: 'arecord', device: 'card48k', ...options }, context);
    const collector = new Collector(source);
    await expect(source.start(goOn)).rejects.toMatchObject({
      code: 'CAPTURE',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(key),
    });
    source.credit(100);
    await turns(20);
    expect(collector.packets).toEqual([]);
    expect(pidsIn(context.log.lines).map(isAlive)).toEqual([false]);
  });

  it('no program that records is installed', async () => {
    stubEnvironment('PATH', temporaryFolder());
    await expect(microphone({}).start(goOn)).rejects.toMatchObject({
      code: 'CAPTURE',
      message: 'cannot record: parec, arecord, ffmpeg are not installed',
      hint: expect.stringContaining('alsa-utils (arecord)'),
    });
  });

  it('a program that hangs', async () => {
    programOnPath('arecord', 'exec sleep 1000');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const context = stageContext();
    const failure = microphone({ command: 'arecord' }, context)
      .start(goOn)
      .catch((error: unknown) => error);
    vi.advanceTimersByTime(10_000);
    expect(await failure).toMatchObject({
      code: 'CAPTURE',
      message: 'cannot record: arecord: it delivered nothing for 10 s',
    });
    expect(pidsIn(context.log.lines).map(isAlive)).toEqual([false]);
  });

  it('an abort while it waits for the first samples', async () => {
    programOnPath('arecord', 'exec sleep 1000');
    const abort = new AbortController();
    const context = stageContext();
    const start = microphone({ command: 'arecord' }, context).start(abort.signal);
    abort.abort(new Error('changed my mind'));
    await expect(start).rejects.toThrow('changed my mind');
    expect(pidsIn(context.log.lines).map(isAlive)).toEqual([false]);
  });
});

it('does not start once it was stopped', async (ctx) => {
  alsaClip(ctx, noise(1600));
  const context = stageContext();
  const source = microphone({ command: 'arecord', device: 'clip' }, context);
  await source.stop();
  await expect(source.start(goOn)).rejects.toThrow('aborted');
  expect(pidsIn(context.log.lines)).toEqual([]);
});

it('kills a program that does not want to end', async () => {
  // Fed all the time, so that only the wish to end can end it.
  programOnPath(
    'arecord',
    `trap '' TERM; exec node -e "setInterval(() => process.stdout.write('x'.repeat(1600)), 10)"`,
  );
  const context = stageContext();
  const source = microphone({ command: 'arecord' }, context);
  await source.start(goOn);
  await source.stop();
  expect(pidsIn(context.log.lines).map(isAlive)).toEqual([false]);
});

it('takes the first program that delivers', async (ctx) => {
  alsaClip(ctx, noise(1600));
  needsProgram(ctx, 'parec');
  stubEnvironment('PULSE_SERVER', `unix:${temporaryFolder()}/none`);
  const context = stageContext();
  await microphone({ device: 'clip' }, context).start(goOn);
  expect(context.log.lines).toContainEqual(
    expect.stringMatching(/^debug this program does not record here .*parec.*Connection refused/),
  );
  expect(pidsIn(context.log.lines)).toHaveLength(2);
  expect(context.log.lines).toContainEqual(
    expect.stringMatching(/^info the microphone is recorded .*"program":"arecord","device":"clip"/),
  );
});

it.for(['parec', 'ffmpeg'])('records in real time through a sound server with %s', async (command, ctx) => {
  needsProgram(ctx, command);
  const { device } = await PulseAudio.start(ctx);
  const context = stageContext();
  const source = microphone({ command, device }, context);
  const collector = new Collector(source);
  await source.start(goOn);
  source.credit(1000);
  await collector.count(20);
  await source.stop();
  const times = collector.packets.slice(0, 20).map(({ arrivedUs }) => arrivedUs);
  // 19 packets of 50 ms, give or take what this machine is late.
  expect((times[19] - times[0]) / 1e6).toBeGreaterThan(0.85);
  expect((times[19] - times[0]) / 1e6).toBeLessThan(1.3);
  expect(Math.abs(times[19] / 1000 - Date.now())).toBeLessThan(1000);
  expect(collector.packets.every(({ mark }) => mark === undefined)).toBe(true);
});

describe('a program that ends while it records', () => {
  it('is started again; the loss is told in samples and is what is missing', async (ctx) => {
    const pulse = await PulseAudio.start(ctx);
    const context = stageContext();
    const source = microphone({ command: 'parec', device: pulse.device }, context);
    const changes: string[] = [];
    source.status.subscribe((status) => changes.push(status));
    const collector = new Collector(source);
    source.credit(10_000);
    await source.start(goOn);
    void pulse.play(ramp(16_000 * 20));
    // In the middle of the ramp, each sample tells its place, modulo 2^16 (4 s).
    await collector.until(() => (samplesIn(collector.packets.at(-1)?.bytes).at(-1) ?? 0) > 8000);
    process.kill(pidsIn(context.log.lines)[0], 'SIGKILL');
    await collector.until(() => collector.packets.some(({ mark }) => mark === 'gap'));
    const at = collector.packets.findIndex(({ mark }) => mark === 'gap');
    await collector.count(at + 10);
    await source.stop();

    const last = samplesIn(collector.packets[at - 1].bytes).at(-1) ?? 0;
    const next = samplesIn(collector.packets[at].bytes)[0];
    const missing = (next - last - 1 + 65_536) % 65_536;
    const lost = context.counters.get('source.lost-samples');
    // It was away for at least the pause; what is told is off by the changing delay of the sound server.
    expect(missing).toBeGreaterThan(0.2 * 16_000);
    expect(Math.abs(lost - missing)).toBeLessThan(0.15 * 16_000);
    expect(context.counters.get('source.restarts')).toBe(1);
    expect(changes).toEqual(['down', 'up', 'down', 'up', 'down']);
    expect(context.log.lines).toContainEqual(expect.stringMatching(/^warn .*started again.*SIGKILL/));
    expect(context.log.lines).toContainEqual(expect.stringMatching(`^warn audio was lost .*"samples":${lost}`));
    // Without a break but the one.
    for (const part of [collector.packets.slice(at - 5, at), collector.packets.slice(at)]) {
      const samples = samplesIn(Buffer.concat(part.map(({ bytes }) => bytes)));
      expect(samples.every((sample, i) => i === 0 || sample === (samples[i - 1] + 1) % 65_536)).toBe(true);
    }
  });

  it('is tried again with growing pauses while it fails, and one complaint is made', async (ctx) => {
    alsaClip(ctx, noise(1600));
    const context = stageContext();
    const source = microphone({ command: 'arecord', device: 'clip', restartMinMs: 10, restartMaxMs: 40 }, context);
    await source.start(goOn);
    // Unplugged: from now on there is no such device.
    stubEnvironment('ALSA_CONFIG_PATH', `${temporaryFolder()}/none.conf`);
    process.kill(pidsIn(context.log.lines)[0], 'SIGTERM');
    await expect.poll(() => pidsIn(context.log.lines).length).toBeGreaterThan(5);
    const warnings = context.log.lines.filter((line) => line.startsWith('warn'));
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/started again.*code|SIGTERM/);
    expect(warnings[1]).toMatch(/No such file/);
    await source.stop();
    expect(pidsIn(context.log.lines).some(isAlive)).toBe(false);
  });
});

it('counts overruns of the sound card, and what they cost', async () => {
  // What arecord writes when it was held up: the samples after the message do not follow those before.
  const script = `
    const block = () => process.stdout.write(Buffer.alloc(1600));
    block();
    setTimeout(() => { process.stderr.write('overrun!!! (at least 500.123 ms long)\\n'); setTimeout(block, 100); }, 500);
    setTimeout(() => {}, 1e6);`;
  programOnPath('arecord', `exec node -e "${script}"`);
  const context = stageContext();
  const source = microphone({ command: 'arecord' }, context);
  const collector = new Collector(source);
  source.credit(10);
  await source.start(goOn);
  await collector.count(2);
  expect(collector.packets.map(({ mark }) => mark)).toEqual([undefined, 'gap']);
  expect(context.counters.get('source.overruns')).toBe(1);
  // 600 ms after the first 50 ms came the next 50 ms.
  const lostMs = context.counters.get('source.lost-samples') / 16;
  expect(lostMs).toBeGreaterThan(500);
  expect(lostMs).toBeLessThan(900);
  expect((collector.packets[1].arrivedUs - collector.packets[0].arrivedUs) / 1000 - 50).toBeCloseTo(lostMs, -1);
});

it.each([
  [{ device: 'a\nb' }, 'device'],
  [{ restartMinMs: 1000, restartMaxMs: 100 }, 'restartMaxMs'],
  [{ command: 'sox' }, 'command'],
])('a configuration such as %j is refused', (options, key) => {
  const parsed = microphoneKind.schema.safeParse({ kind: 'microphone', ...options });
  expect(parsed.error?.issues.map(({ path }) => path[0])).toEqual([key]);
});
