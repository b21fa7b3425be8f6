import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addJoinOptions, type JoinOptions, stringsOf } from '../../src/cli/string-options.js';

function parsed(...args: string[]) {
  const command = addJoinOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return stringsOf(command.parse(args, { from: 'user' }).opts<JoinOptions>());
}

describe('options of joined strings', () => {
  it('are none without --joined, and have defaults with it', () => {
    expect(parsed()).toBeUndefined();
    expect(parsed('--joined', '50')).toEqual({
      count: 50,
      words: [1, 6],
      gapMs: [0, 500],
      edgesMs: undefined,
      noise: undefined,
      snrDb: 20,
      seed: 1,
    });
  });

  it('are ranges, or one number for both ends', () => {
    const strings = parsed('--joined', '50', '--gap', '100-250ms', '--words', '4', '--noise', 'babble', '--seed', '0');
    expect(strings).toMatchObject({ gapMs: [100, 250], words: [4, 4], noise: 'babble', seed: 0 });
    expect(parsed('--joined', '5', '--edges', 'tight')).toMatchObject({ edgesMs: [0, 0] });
    expect(parsed('--joined', '5', '--edges', '1000ms')).toMatchObject({ edgesMs: [1000, 1000] });
    expect(parsed('--joined', '5', '--gap', '0')).toMatchObject({ gapMs: [0, 0] });
    expect(parsed('--joined', '5', '--noise', 'pink', '--snr', '-3.5')).toMatchObject({ snrDb: -3.5 });
  });

  it.each([
    ['--joined', '0'],
    ['--joined', '2', '--words', '6-1'],
    ['--joined', '2', '--words', '0-2'],
    ['--joined', '2', '--words', 'many'],
    ['--joined', '2', '--gap', '-5'],
    ['--joined', '2', '--gap', '0-99999'],
    ['--joined', '2', '--edges', 'loose'],
    ['--joined', '2', '--noise', 'street'],
    ['--joined', '2', '--noise', 'pink', '--snr', 'loud'],
    ['--joined', '2', '--seed', '1.5'],
  ])('that are wrong: %s %s %s %s', (...args) => {
    expect(() => parsed(...args)).toThrow(/is invalid|argument missing/);
  });

  it('that would do nothing are refused', () => {
    for (const args of [
      ['--words', '2'],
      ['--gap', '0-500ms'],
      ['--edges', 'tight'],
      ['--noise', 'pink'],
      ['--seed', '3'],
    ]) {
      expect(() => parsed(...args)).toThrow(`${args[0]} is for strings of joined recordings`);
    }
    expect(() => parsed('--joined', '2', '--snr', '20')).toThrow('--snr is for --noise');
  });
});
