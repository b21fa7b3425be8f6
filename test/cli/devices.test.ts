import { describe, expect, it } from 'vitest';
import type { Devices } from '../../src/source/capture/devices.js';
import { programOnPath, temporaryFolder } from '../support/alsa.js';
import { kioku } from '../support/cli.js';

describe('kioku devices', () => {
  it('lists what can be recorded, also as JSON', async () => {
    const only = temporaryFolder();
    programOnPath('arecord', 'echo "card 1: Device [USB Mic], device 0: USB Audio [USB Audio]"', only);
    const env = { PATH: only };
    const text = await kioku(['devices'], { env });
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^device +command +default +what it is\nplughw:CARD=Device,DEV=0 +arecord +USB Mic/);
    expect(text.stdout).toContain('source: { kind: microphone, device: NAME }');
    const json = await kioku(['devices', '--json'], { env });
    expect(JSON.parse(json.stdout) as Devices).toEqual({
      programs: ['arecord'],
      devices: [
        { command: 'arecord', device: 'plughw:CARD=Device,DEV=0', description: 'USB Mic, USB Audio', default: false },
      ],
    });
  });

  it('says what to install, or that there is no microphone', async () => {
    const only = temporaryFolder();
    const env = { PATH: only };
    const bare = await kioku(['devices'], { env });
    expect(bare).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Nothing can record here. Install .*ffmpeg/),
    });
    programOnPath('arecord', 'echo "arecord: device_list:274: no soundcards found..." >&2; exit 1', only);
    const deaf = await kioku(['devices'], { env });
    expect(deaf).toMatchObject({ code: 0, stdout: expect.stringContaining('there is no microphone') });
  });
});
