/** A PulseAudio of its own with a null sink: what is played into `speaker` is recorded from `speaker.monitor`, in real time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext, vi } from 'vitest';
import { needsProgram } from './needs.js';

const MONITOR = 'speaker.monitor';

export class PulseAudio {
  readonly device = MONITOR;

  private constructor(
    readonly dir: string,
    readonly child: ChildProcess,
  ) {}

  /** Skips the running test where it is not installed. Until the end of the test, it is the sound server of all programs. */
  static async start(ctx: TestContext, rateHz = 16_000): Promise<PulseAudio> {
    for (const program of ['pulseaudio', 'parec', 'pacat']) needsProgram(ctx, program);
    const dir = mkdtempSync(join(tmpdir(), 'kioku-pulse-'));
    const socket = join(dir, 'native');
    const env = { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: dir, LC_ALL: 'C' };
    const modules = [
      `module-null-sink sink_name=speaker rate=${rateHz} channels=1 format=s16le`,
      // Last: when it listens, the others are there.
      `module-native-protocol-unix auth-anonymous=1 socket=${socket}`,
    ];
    const options = ['--daemonize=no', '-n', '--use-pid-file=no', '--exit-idle-time=-1', '--disable-shm=yes'];
    const child = spawn('pulseaudio', [...options, ...modules.flatMap((line) => ['-L', line])], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await gone;
      rmSync(dir, { recursive: true, force: true });
    });
    while (!existsSync(socket)) {
      if (child.exitCode !== null) throw new Error(`pulseaudio ended:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    vi.stubEnv('PULSE_SERVER', `unix:${socket}`);
    vi.stubEnv('PULSE_COOKIE', join(dir, 'cookie'));
    return new PulseAudio(dir, child);
  }

  /**
   * Plays 16-bit mono samples. They come out at the monitor as they are, but for some hundredths of a second at the
   * beginning, which the sink had already filled with silence.
   * @returns resolves when all have been played
   */
  async play(samples: Buffer, rateHz = 16_000): Promise<void> {
    const args = [
      '--raw',
      '--format=s16le',
      `--rate=${rateHz}`,
      '--channels=1',
      '--latency-msec=1000',
      '--device=speaker',
    ];
    const player = spawn('pacat', args, { stdio: ['pipe', 'ignore', 'pipe'] });
    onTestFinished(() => void player.kill('SIGKILL'));
    const ended = once(player, 'exit');
    // A test that has heard enough ends the player in the middle.
    player.stdin.on('error', () => {});
    player.stdin.end(samples);
    await ended;
  }
}
