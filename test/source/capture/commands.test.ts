import { expect, it } from 'vitest';
import { captureCommands } from '../../../src/source/capture/commands.js';

const format = { sampleRateHz: 44_100, channels: 2 };

/** The programs with their arguments in one line, as they would be typed. */
function lines(...args: Parameters<typeof captureCommands>): string[] {
  return captureCommands(...args).map(({ program, args }) => [program, ...args].join(' '));
}

it('tries a sound server first, then the card, then ffmpeg with both', () => {
  const found = lines('auto', format, 'linux');
  expect(found.map((line) => line.split(' ')[0])).toEqual(['parec', 'arecord', 'ffmpeg', 'ffmpeg']);
  expect(found[0]).toContain('--format=s16le --rate=44100 --channels=2');
  expect(found[1]).toContain('--file-type=raw --format=S16_LE --rate=44100 --channels=2');
  expect(found[2]).toMatch(/-f pulse .*-i default -ac 2 -ar 44100 -f s16le /);
  expect(found[3]).toMatch(/-f alsa -i default -ac 2 -ar 44100 -f s16le /);
});

it('names the device as one argument, whatever is in it', () => {
  const device = '--help; rm -rf $HOME `x`';
  for (const { args } of captureCommands('auto', { ...format, device }, 'linux')) {
    const holders = args.filter((arg) => arg.includes('$HOME'));
    expect(holders).toHaveLength(1);
    expect([device, `--device=${device}`]).toContain(holders[0]);
  }
});

it('records from what the system has', () => {
  expect(lines('ffmpeg', format, 'darwin')).toEqual([expect.stringContaining('-f avfoundation -i :default ')]);
  expect(lines('ffmpeg', { ...format, device: 'Mic (USB)' }, 'win32')).toEqual([
    expect.stringMatching(/-f dshow .*-i audio=Mic \(USB\) /),
  ]);
});
