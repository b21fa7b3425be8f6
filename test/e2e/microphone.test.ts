/** Stock programs that record, from the sound card to decoded samples. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, filter, scan } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { pcmKind } from '../../src/decode/pcm.js';
import { microphoneKind } from '../../src/source/microphone.js';
import { decodeWith, fromSource } from '../../src/stream.js';
import { alsaClip } from '../support/alsa.js';
import { samplesOf } from '../support/audio.js';
import { PulseAudio } from '../support/pulseaudio.js';
import { noise, samplesIn } from '../support/samples.js';
import { stageContext } from '../support/stages.js';

/** Resolves with all frames so far as soon as there are so many samples; @param onUp called when the source delivers */
async function record(options: object, samples: number, onUp = (): void => {}): Promise<readonly Frame[]> {
  const context = stageContext();
  const source = microphoneKind.create(microphoneKind.schema.parse({ kind: 'microphone', ...options }), context);
  source.status.pipe(filter((status) => status === 'up')).subscribe(onUp);
  const frames = fromSource(source).pipe(
    decodeWith(pcmKind.create(pcmKind.schema.parse({ kind: 'pcm' }), context)),
    scan((all: Frame[], more) => all.concat(more), []),
    filter((all) => all.reduce((sum, { data }) => sum + data.length, 0) >= samples),
  );
  const enough = await firstValueFrom(frames);
  expect(context.counters.toJSON()).toEqual({});
  return enough;
}

function floats(bytes: Buffer): number[] {
  return Array.from(new Int16Array(samplesIn(bytes).buffer), (sample) => sample / 32_768);
}

describe('what is recorded', () => {
  it.for([1, 2])('by stock arecord is bit-exact with %i channels', async (channels, ctx) => {
    const clip = noise(3 * 32_000);
    alsaClip(ctx, clip);
    const frames = await record({ command: 'arecord', device: 'clip', channels }, clip.length / 2);
    expect(frames[0]?.signal).toEqual({ kind: 'audio', rateHz: 16_000, channels });
    expect(samplesOf(frames).slice(0, clip.length / 2)).toEqual(floats(clip));
  });

  it('by parec while a file is played into a null sink is that file, in real time', async (ctx) => {
    const pulse = await PulseAudio.start(ctx);
    const clip = noise(2 * 32_000);
    // The sink swallows the beginning of what is played.
    const played = Buffer.concat([Buffer.alloc(16_000), clip]);
    const options = { command: 'parec', device: pulse.device };
    const frames = await record(options, 4 * 16_000, () => void pulse.play(played));
    const samples = samplesOf(frames);
    const at = samples.findIndex((sample) => sample !== 0);
    expect(samples.slice(at, at + clip.length / 2)).toEqual(floats(clip));
    // Recorded at the speed at which it was played, and each sample at its time by its number.
    const [first, last] = [frames[0], frames[frames.length - 1]];
    const recordedUs = ((samples.length - last.data.length) / 16_000) * 1e6;
    expect(last.us - first.us).toBe(recordedUs);
    expect(Math.abs(last.arrivedUs - first.arrivedUs - recordedUs)).toBeLessThan(150_000);
  });
});

it('the program that records ends with a kioku that is killed', async (ctx) => {
  alsaClip(ctx, noise(1600));
  const script = fileURLToPath(new URL('../support/microphone-child.ts', import.meta.url));
  const options = JSON.stringify({ kind: 'microphone', command: 'arecord', device: 'clip' });
  const child = spawn(process.execPath, ['--import', 'tsx', script, options], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(text.toString());
  expect(stateOf(pid)).toMatch(/^[RSD]$/);
  child.kill('SIGKILL');
  // Nobody may be there to collect its exit code (Z).
  await expect.poll(() => stateOf(pid)).toMatch(/^Z?$/);
});

/** R running, S or D waiting, Z ended but not collected; empty: gone. */
function stateOf(pid: number): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
