/** The programs that can record here, and how each is told to write raw samples to its stdout. */

/** In the order in which they are tried: a sound server lets others use the microphone too. */
export const CAPTURE_PROGRAMS = ['parec', 'arecord', 'ffmpeg'] as const;
export type CaptureProgram = (typeof CAPTURE_PROGRAMS)[number];

/** The Debian packages that hold them, in the same order. */
export const CAPTURE_PACKAGES = 'pulseaudio-utils (parec), alsa-utils (arecord) or ffmpeg';

/** How often a program should hand on what it has; short, so that words appear as they are spoken. */
export const PERIOD_MS = 50;

/** What a sound card keeps while the program is held up. */
const CARD_BUFFER_MS = 1000;

export interface CaptureFormat {
  /** By the name that the program knows; absent: its default. */
  readonly device?: string | undefined;
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** A command line that writes interleaved signed 16-bit little-endian samples to stdout. */
export interface CaptureCommand {
  readonly program: CaptureProgram;
  readonly args: readonly string[];
}

/** Messages are looked at by this process, so they must be English. */
export function captureEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C' };
}

/**
 * The command lines to try, in order, for one program or (`auto`) all of them. Whether a program is installed, and
 * whether its sound system runs, shows when it is started.
 * @param platform as `process.platform`: what ffmpeg records from depends on it
 */
export function captureCommands(
  command: 'auto' | CaptureProgram,
  format: CaptureFormat,
  platform: NodeJS.Platform = process.platform,
): CaptureCommand[] {
  const programs = command === 'auto' ? CAPTURE_PROGRAMS : [command];
  return programs.flatMap((program) => {
    const lines =
      program === 'ffmpeg' ? ffmpeg(format, platform) : [program === 'parec' ? parec(format) : arecord(format)];
    return lines.map((args) => ({ program, args }));
  });
}

function parec({ device, sampleRateHz, channels }: CaptureFormat): string[] {
  return [
    '--raw',
    '--format=s16le',
    `--rate=${sampleRateHz}`,
    `--channels=${channels}`,
    `--latency-msec=${PERIOD_MS}`,
    '--client-name=kioku',
    ...(device === undefined ? [] : [`--device=${device}`]),
  ];
}

/** Not `--quiet`: that would also hide that the device records at another rate than was asked for. */
function arecord({ device, sampleRateHz, channels }: CaptureFormat): string[] {
  return [
    '--file-type=raw',
    '--format=S16_LE',
    `--rate=${sampleRateHz}`,
    `--channels=${channels}`,
    `--period-time=${PERIOD_MS * 1000}`,
    `--buffer-time=${CARD_BUFFER_MS * 1000}`,
    ...(device === undefined ? [] : [`--device=${device}`]),
  ];
}

/** The device records as it likes; ffmpeg resamples and mixes to what was asked for. */
function ffmpeg({ device, sampleRateHz, channels }: CaptureFormat, platform: NodeJS.Platform): string[][] {
  const quiet = ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'warning'];
  const output = ['-ac', `${channels}`, '-ar', `${sampleRateHz}`, '-f', 's16le', '-flush_packets', '1', '-'];
  return ffmpegInputs(device, platform).map((input) => quiet.concat(input, output));
}

function ffmpegInputs(device: string | undefined, platform: NodeJS.Platform): string[][] {
  if (platform === 'darwin') return [['-f', 'avfoundation', '-i', `:${device ?? 'default'}`]];
  // DirectShow has no default device; this name makes ffmpeg say that there is none of it.
  if (platform === 'win32')
    return [['-f', 'dshow', '-audio_buffer_size', `${PERIOD_MS}`, '-i', `audio=${device ?? ''}`]];
  // Bytes of its own default format, 48 kHz stereo; without it the server waits for two seconds of sound.
  const fragment = (48_000 * 2 * 2 * PERIOD_MS) / 1000;
  return [
    ['-f', 'pulse', '-fragment_size', `${fragment}`, '-i', device ?? 'default'],
    ['-f', 'alsa', '-i', device ?? 'default'],
  ];
}
