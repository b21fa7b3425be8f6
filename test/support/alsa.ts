/** A sound card for stock `arecord` where there is none: ALSA's `file` plugin gives the samples of a file, then silence. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished, type TestContext, vi } from 'vitest';
import { needsProgram } from './needs.js';

/** The folder of the running test. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'kioku-capture-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * Until the end of the test, `arecord` knows two devices: `clip` gives these samples, as fast as they are taken, and
 * `card48k` is only to be had at 48 kHz with one channel. Skips the running test where it is not installed.
 * @returns path of the file with the samples
 */
export function alsaClip(ctx: TestContext, samples: Uint8Array): string {
  needsProgram(ctx, 'arecord');
  const dir = temporaryFolder();
  const raw = join(dir, 'clip.raw');
  writeFileSync(raw, samples);
  const card = '{ pcm "nothing" rate 48000 format S16_LE channels 1 }';
  const conf = [
    'pcm.nothing { type null }',
    `pcm.clip { type file slave.pcm "nothing" file "/dev/null" infile "${raw}" format "raw" }`,
    `pcm.card48k { type share slave ${card} bindings.0 0 }`,
  ];
  writeFileSync(join(dir, 'asound.conf'), `${conf.join('\n')}\n`);
  stubEnvironment('ALSA_CONFIG_PATH', join(dir, 'asound.conf'));
  return raw;
}

/** Until the end of the test, `name` on the PATH is this shell script; @param dir the folder that it is in */
export function programOnPath(name: string, script: string, dir = temporaryFolder()): void {
  writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, name), 0o755);
  stubEnvironment('PATH', `${dir}${delimiter}${process.env['PATH'] ?? ''}`);
}

/** Until the end of the test, this is all of the environment variable that child processes see. */
export function stubEnvironment(name: string, value: string): void {
  vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}
