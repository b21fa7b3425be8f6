/** What can be recorded, for people. */
import { CAPTURE_PACKAGES } from '../source/capture/commands.js';
import type { Devices } from '../source/capture/devices.js';
import { table } from './table.js';

/** A table of the devices, or what to do when there is none. */
export function describeDevices({ devices, programs }: Devices): string {
  if (programs.length === 0) return `Nothing can record here. Install ${CAPTURE_PACKAGES}.`;
  if (devices.length === 0) {
    return `${programs.join(' and ')} can record here, but there is no microphone. Plug one in, or start the sound server.`;
  }
  const rows = devices.map((found) => [found.device, found.command, found.default ? 'yes' : '', found.description]);
  return [
    table(['device', 'command', 'default', 'what it is'], rows),
    '',
    'To record one: source: { kind: microphone, device: NAME }; without device, the first default.',
  ].join('\n');
}
