/** Reads what `pactl`, `arecord` and `ffmpeg` print when they are asked for devices. */

export interface CaptureDevice {
  /** For `device` of a source of kind `microphone`. */
  readonly device: string;
  /** What it is, in the words of the system. */
  readonly description: string;
  /** What is recorded when no device is named. */
  readonly default: boolean;
}

/** @param info of `pactl info`; @param sources of `pactl list sources` */
export function pulseDevices(info: string, sources: string): CaptureDevice[] {
  const usual = /^Default Source: (.+)$/m.exec(info)?.[1];
  return sources
    .split(/^Source #/m)
    .slice(1)
    .flatMap((block) => {
      const device = /^\s*Name: (.+)$/m.exec(block)?.[1];
      if (device === undefined) return [];
      const name = /^\s*Description: (.+)$/m.exec(block)?.[1] ?? device;
      const samples = /^\s*Sample Specification: (.+)$/m.exec(block)?.[1];
      return [{ device, description: samples === undefined ? name : `${name}, ${samples}`, default: device === usual }];
    });
}

/**
 * @param cards of `arecord --list-devices`; @param names of `arecord --list-pcms`, of which only the default is taken:
 * the others are the same cards under many names, and plugins that record nothing by themselves
 */
export function alsaDevices(cards: string, names: string): CaptureDevice[] {
  const found: CaptureDevice[] = [];
  const usual = /^default\n(?: +(.+)\n)?/m.exec(names);
  if (usual !== null) {
    found.push({ device: 'default', description: usual[1] ?? 'what ALSA is set up to record', default: true });
  }
  for (const line of cards.matchAll(/^card \d+: (\S+) \[(.*?)\], device (\d+): .*?\[(.*?)\]$/gm)) {
    const [, id, card, number, device] = line;
    // `plughw` converts to any rate and number of channels, `hw` would not.
    found.push({ device: `plughw:CARD=${id},DEV=${number}`, description: `${card}, ${device}`, default: false });
  }
  return found;
}

/** @param said by `ffmpeg -sources`: `* name [description] (…)`, with the star at the default */
export function ffmpegSources(said: string): CaptureDevice[] {
  return [...said.matchAll(/^([* ]) (\S+) \[(.*)\](?: \(.*\))?$/gm)].map(([, star, device, description]) => ({
    device,
    description,
    default: star === '*',
  }));
}

/** @param said by ffmpeg about avfoundation: `[…] [0] name` below a heading each for video and audio */
export function avFoundationDevices(said: string): CaptureDevice[] {
  const [, audio = ''] = said.split(/AVFoundation audio devices:/);
  return [...audio.matchAll(/\] \[(\d+)\] (.+)$/gm)].map(([, device, description]) => ({
    device,
    description,
    default: device === '0',
  }));
}

/** @param said by ffmpeg about dshow: `"name" (audio)`; older versions list audio below a heading instead */
export function directShowDevices(said: string): CaptureDevice[] {
  const marked = [...said.matchAll(/"(.+)" \(audio\)/g)];
  const [, below = ''] = said.split(/DirectShow audio devices/);
  const lines = marked.length > 0 ? marked : [...below.matchAll(/\]\s+"(.+)"$/gm)];
  return lines.map(([, device]) => ({ device, description: device, default: false }));
}
