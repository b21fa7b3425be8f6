/** What can be recorded here, by the names that `device` of a microphone takes. */
import { execFile } from 'node:child_process';
import { systemCodeOf } from '../../core/errors.js';
import { captureEnvironment, type CaptureProgram } from './commands.js';
import {
  alsaDevices,
  avFoundationDevices,
  type CaptureDevice,
  directShowDevices,
  ffmpegSources,
  pulseDevices,
} from './listings.js';

export interface FoundDevice extends CaptureDevice {
  /** The program that knows it by this name. */
  readonly command: CaptureProgram;
}

export interface Devices {
  readonly devices: readonly FoundDevice[];
  /** Programs that are there, whether or not they know a device. */
  readonly programs: readonly CaptureProgram[];
}

/** A sound server that does not answer must not hang the list. */
const TIMEOUT_MS = 5000;

interface Listing {
  readonly command: CaptureProgram;
  /** undefined: the program is not there. */
  readonly list: () => Promise<readonly CaptureDevice[] | undefined>;
}

/**
 * Asks every program that can record. ffmpeg names the same devices as the two others, so it is asked only where
 * neither of them is.
 * @param platform as `process.platform`
 */
export async function listDevices(platform: NodeJS.Platform = process.platform): Promise<Devices> {
  const found = await ask([
    { command: 'parec', list: pulse },
    { command: 'arecord', list: alsa },
  ]);
  return found.programs.length > 0 ? found : ask([{ command: 'ffmpeg', list: () => ffmpeg(platform) }]);
}

async function ask(listings: readonly Listing[]): Promise<Devices> {
  const answers = await Promise.all(listings.map(async ({ command, list }) => ({ command, list: await list() })));
  const there = answers.filter(({ list }) => list !== undefined);
  return {
    devices: there.flatMap(({ command, list = [] }) => list.map((device) => Object.assign({ command }, device))),
    programs: there.map(({ command }) => command),
  };
}

async function pulse(): Promise<readonly CaptureDevice[] | undefined> {
  const info = await output('pactl', ['info']);
  if (info === undefined) return undefined;
  return pulseDevices(info, (await output('pactl', ['list', 'sources'])) ?? '');
}

async function alsa(): Promise<readonly CaptureDevice[] | undefined> {
  const cards = await output('arecord', ['--list-devices']);
  if (cards === undefined) return undefined;
  return alsaDevices(cards, (await output('arecord', ['--list-pcms'])) ?? '');
}

async function ffmpeg(platform: NodeJS.Platform): Promise<readonly CaptureDevice[] | undefined> {
  if (platform === 'darwin') {
    const said = await output('ffmpeg', ['-hide_banner', '-f', 'avfoundation', '-list_devices', 'true', '-i', '']);
    return said === undefined ? undefined : avFoundationDevices(said);
  }
  if (platform === 'win32') {
    const said = await output('ffmpeg', ['-hide_banner', '-list_devices', 'true', '-f', 'dshow', '-i', 'dummy']);
    return said === undefined ? undefined : directShowDevices(said);
  }
  const said = await output('ffmpeg', ['-hide_banner', '-sources', 'pulse']);
  if (said === undefined) return undefined;
  const cards = (await output('ffmpeg', ['-hide_banner', '-sources', 'alsa'])) ?? '';
  return [...ffmpegSources(said), ...ffmpegSources(cards).filter(({ device }) => /^(default$|plughw:)/.test(device))];
}

/** @returns all that a program says, also when it fails (no sound server); undefined when there is no such program */
function output(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env: captureEnvironment(), timeout: TIMEOUT_MS, windowsHide: true };
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve(systemCodeOf(error) === 'ENOENT' ? undefined : `${stdout}\n${stderr}`);
    });
  });
}
