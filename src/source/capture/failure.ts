/** Why nothing can be recorded, in words that say what to do. */
import { UserError } from '../../core/errors.js';
import type { CaptureEnd } from './capture-process.js';
import { CAPTURE_PACKAGES } from './commands.js';

const LIST = '`kioku devices` lists what can be recorded: write a name from there into device';

const HINTS: readonly (readonly [what: RegExp, hint: string])[] = [
  [/busy/i, 'another program holds the device: end that, or record through a sound server (PipeWire, PulseAudio)'],
  [/permission denied|operation not permitted/i, 'let this user record: add it to the group audio, and log in again'],
  [
    /does not record at/,
    'write the rate that it has into sampleRateHz (it is converted), or a device that converts, such as plughw:…',
  ],
  [
    /channels? (count )?(non available|not available)|sample format non available|cannot set (channel|sample)/i,
    'write the number of channels that it has into channels (they are mixed), or a device that converts, such as plughw:…',
  ],
];

/** @param ends of all commands that were tried, in that order; at least one */
export function captureFailure(ends: readonly CaptureEnd[]): UserError {
  const there = ends.filter(({ absent }) => !absent);
  if (there.length === 0) {
    const names = new Set(ends.map(({ command }) => command.program));
    return new UserError(
      'CAPTURE',
      `cannot record: ${[...names].join(', ')} ${names.size > 1 ? 'are' : 'is'} not installed`,
      {
        hint: `install ${CAPTURE_PACKAGES}`,
      },
    );
  }
  const said = there.map(({ command, reason }) => `${command.program}: ${reason}`).join('; ');
  const hint = HINTS.find(([what]) => there.some(({ reason }) => what.test(reason)))?.[1] ?? LIST;
  return new UserError('CAPTURE', `cannot record: ${said}`, { hint });
}
