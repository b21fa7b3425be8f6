import { describe, expect, it } from 'vitest';
import {
  alsaDevices,
  avFoundationDevices,
  directShowDevices,
  ffmpegSources,
  pulseDevices,
} from '../../../src/source/capture/listings.js';

describe('the devices in what programs print', () => {
  it('pactl', () => {
    const info = 'Server Name: pulseaudio\nDefault Sink: out\nDefault Source: alsa_input.usb-mic\nCookie: 1\n';
    const sources = [
      'Source #0\n\tState: IDLE\n\tName: out.monitor\n\tDescription: Monitor of Out\n\tSample Specification: s16le 2ch 44100Hz\n',
      'Source #3\n\tState: RUNNING\n\tName: alsa_input.usb-mic\n\tDescription: USB Mic: Mono\n\tProperties:\n\t\tdevice.description = "x"\n',
    ].join('\n');
    expect(pulseDevices(info, sources)).toEqual([
      { device: 'out.monitor', description: 'Monitor of Out, s16le 2ch 44100Hz', default: false },
      { device: 'alsa_input.usb-mic', description: 'USB Mic: Mono', default: true },
    ]);
    expect(pulseDevices('Connection failure: Connection refused', '')).toEqual([]);
  });

  it('arecord', () => {
    const cards = [
      '**** List of CAPTURE Hardware Devices ****',
      'card 1: Device [USB PnP Sound Device], device 0: USB Audio [USB Audio]',
      '  Subdevices: 1/1',
      '  Subdevice #0: subdevice #0',
      'card 2: seeed2micvoicec [seeed-2mic-voicecard], device 0: bcm2835-i2s-wm8960-hifi wm8960-hifi-0 [bcm2835-i2s-wm8960-hifi wm8960-hifi-0]',
    ].join('\n');
    const names =
      'null\n    Discard all samples\ndefault\n    Playback/recording through PulseAudio\nhw:CARD=Device,DEV=0\n';
    expect(alsaDevices(cards, names)).toEqual([
      { device: 'default', description: 'Playback/recording through PulseAudio', default: true },
      { device: 'plughw:CARD=Device,DEV=0', description: 'USB PnP Sound Device, USB Audio', default: false },
      {
        device: 'plughw:CARD=seeed2micvoicec,DEV=0',
        description: 'seeed-2mic-voicecard, bcm2835-i2s-wm8960-hifi wm8960-hifi-0',
        default: false,
      },
    ]);
    expect(alsaDevices('arecord: device_list:274: no soundcards found...', 'null\n    Discard\n')).toEqual([]);
  });

  it('ffmpeg on Linux', () => {
    const said =
      'Auto-detected sources for pulse:\n* speaker.monitor [Monitor of Null Output] (none)\n  mic [USB [1]] (none)\n';
    expect(ffmpegSources(said)).toEqual([
      { device: 'speaker.monitor', description: 'Monitor of Null Output', default: true },
      { device: 'mic', description: 'USB [1]', default: false },
    ]);
  });

  it('ffmpeg on macOS', () => {
    const said = [
      '[AVFoundation indev @ 0x7f8] AVFoundation video devices:',
      '[AVFoundation indev @ 0x7f8] [0] FaceTime HD Camera',
      '[AVFoundation indev @ 0x7f8] AVFoundation audio devices:',
      '[AVFoundation indev @ 0x7f8] [0] MacBook Air Microphone',
      '[AVFoundation indev @ 0x7f8] [1] USB Mic',
      ': Input/output error',
    ].join('\n');
    expect(avFoundationDevices(said)).toEqual([
      { device: '0', description: 'MacBook Air Microphone', default: true },
      { device: '1', description: 'USB Mic', default: false },
    ]);
  });

  it.each([
    [
      'new',
      '[dshow @ 0001] "Camera" (video)\n[dshow @ 0001]   Alternative name "@device_pnp_x"\n[dshow @ 0001] "Mic (USB)" (audio)\n[dshow @ 0001]   Alternative name "@device_cm_y"\n',
    ],
    [
      'old',
      '[dshow @ 0001] DirectShow video devices\n[dshow @ 0001]  "Camera"\n[dshow @ 0001] DirectShow audio devices\n[dshow @ 0001]  "Mic (USB)"\n[dshow @ 0001]     Alternative name "@device_cm_y"\n',
    ],
  ])('a %s ffmpeg on Windows', (_, said) => {
    expect(directShowDevices(said)).toEqual([{ device: 'Mic (USB)', description: 'Mic (USB)', default: false }]);
  });
});
