/** `kioku train` of a recogniser, and what may be done with it, as a user calls them. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { LearntSpeech } from '../../src/learn-speech.js';
import type { RecogniserRecord } from '../../src/train/speech/recogniser-record.js';
import { CliProcess, kioku } from '../support/cli.js';
import { wavOf } from '../support/wav.js';
import { spoken, tonesJob } from '../train/speech/tones.js';
import { RATE_HZ } from '../train/speech/words.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-train-speech-'));
  const pause = new Float32Array(RATE_HZ / 4);
  const pieces = [pause, spoken('low', 1.02, 230), pause, spoken('high', 1.02, 230), pause];
  const samples = pieces.flatMap((piece) => Array.from(piece));
  writeFileSync(join(folder, 'said.wav'), wavOf(samples, { sampleRateHz: RATE_HZ }));
});

afterAll(() => rmSync(folder, { recursive: true }));

const SPEECH = {
  manifest: 'learnt.tsv',
  heldOut: 'tried.tsv',
  licence: 'CC0-1.0',
  sampleRateHz: RATE_HZ,
  melBins: 24,
  frameEpochs: 3,
};

function config(name: string, changes: object = {}): string {
  const { train } = tonesJob(folder);
  const { cell, hidden, lanes, learningRate, maxEpochs, clipNorm } = train;
  const content = {
    model: 'tones',
    source: { kind: 'microphone' },
    decide: { kind: 'transcribe' },
    train: { cell, hidden, lanes, learningRate, maxEpochs, clipNorm },
    speech: SPEECH,
    ...changes,
  };
  writeFileSync(join(folder, name), stringify(content));
  return name;
}

function cardIn(model: string): LearntSpeech['card'] {
  return JSON.parse(readFileSync(join(folder, model, 'recogniser.json'), 'utf8')) as LearntSpeech['card'];
}

describe('kioku train with a section speech', () => {
  it('learns a recogniser that transcribes, and tells what could not be learnt from', async () => {
    const path = config('tones.yaml');
    appendFileSync(join(folder, 'learnt.tsv'), '\nabsent.wav\tlow\nno tab');
    const { code, stdout, stderr } = await kioku(['train', path, '--report', 'page.html', '--json'], { cwd: folder });
    expect([code, stderr]).toEqual([0, expect.stringContaining('learnt.tsv: line 14 has no tab')]);
    expect(stderr).toContain('learnt.tsv: absent.wav cannot be read: ENOENT');
    const { card, stopped, manifests, confusions } = JSON.parse(stdout) as LearntSpeech & RecogniserRecord;
    expect(stopped).toBe('epochs');
    expect(manifests[0]).toMatchObject({
      recordings: 12,
      badLines: [{ line: 14 }],
      problems: [{ name: 'absent.wav' }],
    });
    expect(card.data[0].problems).toEqual({ unreadable: 1 });
    expect(card.heldOut?.tokenErrorRate).toBeLessThan(0.2);
    expect(card.training.command).toMatch(/^kioku train .*tones\.yaml$/);
    const said = (confusions ?? []).filter((one) => one.said !== null);
    expect(said.reduce((sum, { count }) => sum + count, 0)).toBe(card.heldOut?.tokens);
    const page = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(page).toContain('<h1>Training of tones</h1>');
    expect(page).toContain('absent.wav cannot be read');
    const verified = await kioku(['models', 'verify', 'tones'], { cwd: folder });
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('kioku-rnn')]);
    const heard = await kioku(['transcribe', 'said.wav', '--model', 'tones'], { cwd: folder });
    expect([heard.code, heard.stdout.trim()]).toEqual([0, 'low high']);
  }, 120_000);

  it('says in words what it came to', async () => {
    const path = config('short.yaml', { model: 'short', train: { cell: 'gru', hidden: 4, lanes: 1, maxEpochs: 1 } });
    const { code, stdout } = await kioku(['train', path, '--out', 'elsewhere'], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^learnt 2 words from 12 recordings \(3 s\) in \d+ s: all epochs done\ngru 1×4, \d+ parameters\n/,
    );
    expect(stdout).toMatch(/of the words wrong \(tried0 [\d.]+ %, tried1 [\d.]+ %\), [\d.]+ % of the strings right\n/);
    expect(stdout).toMatch(/model: elsewhere\n$/);
    expect(existsSync(join(folder, 'elsewhere', 'recogniser.json'))).toBe(true);
    expect(existsSync(join(folder, 'short'))).toBe(false);
  }, 60_000);

  it('keeps the last weights where nothing is held out, and says so', async () => {
    const { heldOut: _tried, ...speech } = SPEECH;
    const train = { cell: 'gru', hidden: 4, lanes: 1, maxEpochs: 1 };
    const { code, stdout } = await kioku(['train', config('last.yaml', { model: 'last', train, speech })], {
      cwd: folder,
    });
    expect([code, stdout]).toEqual([0, expect.stringContaining('the last weights are kept: nothing is held out')]);
    const card = cardIn('last');
    expect(card).toMatchObject({ training: { chosen: 'last weights' }, data: [{ recordings: 12 }] });
    expect(card).not.toHaveProperty('heldOut');
  }, 60_000);

  it('keeps what was learnt on Ctrl-C, and goes on from there', async () => {
    const train = { cell: 'gru', hidden: 4, lanes: 1, maxEpochs: 100_000 };
    const training = new CliProcess(['train', config('long.yaml', { model: 'long', train })], { cwd: folder });
    await training.heard(
      /training \d+ % \|.*\| loss [\d.]+ \| words wrong [\d.]+ % \(best [\d.]+ %\) \| [\d.]+ steps\/s/,
    );
    training.child.kill('SIGINT');
    const ended = await training.ended();
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('stopped by you; what was learnt is kept')]);
    expect(ended.stderr).toContain('the same command with --resume goes on');
    const verified = await kioku(['models', 'verify', 'long'], { cwd: folder });
    expect(verified.code).toBe(0);
    const before = cardIn('long').training.optimiserSteps;
    // Out of time as soon as it goes on: one step more.
    const out = config('long.yaml', { model: 'long', train: { ...train, maxSeconds: 1e-6 } });
    const resumed = await kioku(['train', out, '--resume'], { cwd: folder });
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining('time limit reached')]);
    expect(resumed.stderr).toContain('with a longer train.maxSeconds, --resume goes on');
    expect(cardIn('long').training.optimiserSteps).toBe(before + 1);
    const anew = await kioku(['train', out], { cwd: folder });
    expect(anew.stderr).toContain('an unfinished training is there, and this one replaces it');
    expect(cardIn('long').training.optimiserSteps).toBe(1);
  }, 120_000);

  it.each([
    ['--diagnose', ['--diagnose']],
    ['--live', ['--live', '--for', '1h']],
    ['the file said.wav', ['said.wav']],
  ])('refuses %s', async (what, args) => {
    const { code, stderr } = await kioku(['train', config('more.yaml'), ...args], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain(`${what} is not for a recogniser`);
  });

  it('refuses a manifest that is not there, and a section speech where nothing is transcribed', async () => {
    const absent = config('absent.yaml', { speech: { ...SPEECH, manifest: 'nowhere.tsv' } });
    const missing = await kioku(['train', absent], { cwd: folder });
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('nowhere.tsv')]);
    const voice = config('voice.yaml', { decide: { kind: 'voice' } });
    const mismatch = await kioku(['train', voice], { cwd: folder });
    expect(mismatch.code).not.toBe(0);
    expect(mismatch.stderr).toContain('speech');
    expect(mismatch.stderr).toContain('it is what a recogniser learns from');
    const backwards = config('backwards.yaml', { speech: { ...SPEECH, gapMs: [500, 0] } });
    const wrong = await kioku(['check', backwards], { cwd: folder });
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain('must be [from, to] with from ≤ to');
  });
});
