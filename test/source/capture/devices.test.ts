import { describe, expect, it } from 'vitest';
import { listDevices } from '../../../src/source/capture/devices.js';
import { programOnPath, stubEnvironment, temporaryFolder } from '../../support/alsa.js';
import { needsProgram } from '../../support/needs.js';
import { PulseAudio } from '../../support/pulseaudio.js';

describe('what can be recorded', () => {
  it('is asked of the sound server', async (ctx) => {
    needsProgram(ctx, 'pactl');
    const { device } = await PulseAudio.start(ctx);
    const { devices, programs } = await listDevices();
    expect(programs).toContain('parec');
    expect(devices).toContainEqual({
      command: 'parec',
      device,
      description: 'Monitor of Null Output, s16le 1ch 16000Hz',
      default: true,
    });
  });

  it('is asked of the cards', async () => {
    stubEnvironment('PATH', temporaryFolder());
    programOnPath('arecord', 'echo "card 1: Device [USB Mic], device 0: USB Audio [USB Audio]"');
    expect(await listDevices()).toEqual({
      programs: ['arecord'],
      devices: [
        { command: 'arecord', device: 'plughw:CARD=Device,DEV=0', description: 'USB Mic, USB Audio', default: false },
      ],
    });
  });

  it('is asked of ffmpeg where there is nothing else', async () => {
    stubEnvironment('PATH', temporaryFolder());
    // As ffmpeg lists the plugins of ALSA among the cards.
    programOnPath(
      'ffmpeg',
      `[ "$3" = alsa ] && printf '  speex [Plugin] (none)\\n  plughw:CARD=Device,DEV=0 [USB Mic] (none)\\n'; exit 0`,
    );
    expect(await listDevices('linux')).toEqual({
      programs: ['ffmpeg'],
      devices: [{ command: 'ffmpeg', device: 'plughw:CARD=Device,DEV=0', description: 'USB Mic', default: false }],
    });
  });

  it('is nothing where no program is installed', async () => {
    stubEnvironment('PATH', temporaryFolder());
    expect(await listDevices()).toEqual({ programs: [], devices: [] });
  });
});
