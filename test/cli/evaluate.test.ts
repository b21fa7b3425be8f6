/** `kioku evaluate` as people use it, with a recogniser that hears nonsense: what it wrote itself is what is said. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProcess, type CliResult, kioku } from '../support/cli.js';
import { sound } from '../support/sound.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';
import { wavOf } from '../support/wav.js';

const SECONDS = [2, 4, 3, 2, 1];

let folder = '';
/** What `transcribe` writes of each recording. */
let texts: readonly string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-evaluate-'));
  await writeLstmTransducer(join(folder, 'models/tiny'));
  await mkdir(join(folder, 'deep'));
  const names = SECONDS.map((_, i) => `deep/${i}.wav`);
  for (const [i, name] of names.entries()) await writeFile(join(folder, name), wavOf(sound(i, SECONDS[i])));
  const { stdout } = await run('transcribe', ...names, '--json');
  const events = stdout
    .split('\n')
    .filter((line) => line.includes('"type":"final"'))
    .map((line) => JSON.parse(line) as Event);
  texts = names.map((_, i) => events.find(({ stream }) => stream === String(i))?.text ?? '');
});
afterAll(() => rm(folder, { recursive: true }));

interface Event {
  readonly stream: string;
  readonly text: string;
}

type Intervals = Readonly<Record<string, { readonly low: number; readonly high: number }>>;

interface Figures {
  readonly utterances: number;
  readonly tokenErrorRate: number | null;
  readonly wordErrorRate: number | null;
  readonly sentenceAccuracy: number;
  readonly ci95: Intervals;
  readonly words: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly substitutions: number;
}

interface Report extends Figures {
  readonly ci95BySpeaker: Intervals | null;
  readonly edges: Readonly<Record<'first' | 'last', object>>;
  readonly odd: readonly object[];
  readonly realTimeFactor: number | null;
  readonly audioSeconds: number;
  readonly latency: Readonly<Record<string, { readonly audioS: Spread | null; readonly wallS: Spread | null }>>;
  readonly perSpeaker: readonly (Figures & { readonly speaker: string })[];
  readonly unknownWords: Readonly<Record<string, number>>;
  readonly unheard: readonly { readonly name: string; readonly reason: string }[];
  readonly counters: Readonly<Record<string, number>>;
  readonly results: readonly {
    readonly recording: string;
    readonly said: string;
    readonly heard: string;
    readonly wordErrors: number;
  }[];
}

interface Spread {
  readonly median: number;
  readonly worst: number;
}

function where() {
  return { cwd: folder, env: { XDG_DATA_HOME: folder } };
}

function run(...args: string[]): Promise<CliResult> {
  return kioku(args, where());
}

async function manifest(name: string, lines: readonly string[]): Promise<string> {
  await writeFile(join(folder, name), `${lines.join('\n')}\n`);
  return name;
}

async function report(...args: string[]): Promise<Report> {
  const { stdout, stderr } = await run('evaluate', ...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

describe('kioku evaluate', () => {
  it('finds no error in what transcribe wrote, in other letters, many recordings at a time', async () => {
    const lines = texts.map((text, i) => `deep/${i}.wav\t${text.toUpperCase().replaceAll(' ', ', ')}.`);
    const { results, ...figures } = await report(await manifest('right.tsv', lines));
    expect(figures).toMatchObject({
      model: 'tiny',
      utterances: 5,
      tokenErrorRate: 0,
      wordErrorRate: 0,
      sentenceAccuracy: 1,
      ci95: { wordErrorRate: { low: 0, high: 0 }, sentenceAccuracy: { low: 1, high: 1 } },
      insertions: 0,
      deletions: 0,
      substitutions: 0,
      audioSeconds: 12,
      ci95BySpeaker: null,
      perSpeaker: [],
      edges: {
        first: { count: 5, deletions: 0, substitutions: 0 },
        last: { count: 5, deletions: 0, substitutions: 0 },
      },
      unheard: [],
      odd: [],
      counters: {},
    });
    expect(figures.words).toBe(texts.join(' ').split(' ').length);
    expect(figures.realTimeFactor).toBeGreaterThan(0);
    expect(figures.latency['first'].wallS).toBeNull();
    // A chunk of this model is one frame of 40 ms, which is told when what it looks ahead was heard.
    expect(figures.latency['first'].audioS?.median).toBeCloseTo(0.1075, 9);
    expect(figures.latency['first'].audioS?.worst).toBeLessThanOrEqual(0.16);
    expect(results.map(({ heard }) => heard)).toEqual(texts);
  });

  it('counts each kind of error, for each speaker and for all', async () => {
    const words = texts.map((text) => text.split(' '));
    const lines = [
      // One word less is heard than is said, one more, one other, none wrong.
      `deep/0.wav\t${words[0].join(' ')} ba\tanna`,
      `deep/1.wav\t${words[1].slice(0, -1).join(' ')}\tanna`,
      `deep/2.wav\tba ${words[2].slice(1).join(' ')}\tbert`,
      `deep/3.wav\t${texts[3]}\tbert`,
    ];
    const path = await manifest('wrong.tsv', lines);
    const figures = await report(path);
    const total = words.slice(0, 4).flat().length;
    expect(figures).toMatchObject({
      words: total,
      insertions: 1,
      deletions: 1,
      substitutions: 1,
      sentenceAccuracy: 0.25,
    });
    expect(figures.wordErrorRate).toBeCloseTo(3 / total, 12);
    expect(figures.ci95['wordErrorRate'].high).toBeGreaterThan(3 / total);
    expect(
      figures.perSpeaker.map(({ speaker, utterances, sentenceAccuracy, substitutions }) => ({
        speaker,
        utterances,
        sentenceAccuracy,
        substitutions,
      })),
    ).toEqual([
      { speaker: 'anna', utterances: 2, sentenceAccuracy: 0, substitutions: 0 },
      { speaker: 'bert', utterances: 2, sentenceAccuracy: 0.5, substitutions: 1 },
    ]);
    expect(figures.results.map(({ wordErrors }) => wordErrors)).toEqual([1, 1, 1, 0]);
    expect(figures.edges).toEqual({
      first: { count: 4, deletions: 0, substitutions: 1 },
      last: { count: 4, deletions: 1, substitutions: 0 },
    });
    // Both speakers, or one of them twice.
    expect(figures.ci95BySpeaker?.['sentenceAccuracy']).toEqual({ low: 0, high: 0.5 });
    const { code, stdout } = await run('evaluate', path);
    expect(code).toBe(0);
    expect(stdout).toContain(`words: 3 errors in ${total}: 1 inserted, 1 deleted, 1 substituted`);
    expect(stdout).toMatch(
      /^19 times in 20, with other speakers like these: \d+\.\d to \d+\.\d % of the words wrong$/m,
    );
    expect(stdout).toContain('first words: 0 of 4 deleted, 1 substituted\nlast words: 1 of 4 deleted, 0 substituted\n');
    expect(stdout).toMatch(/^bert +2 +\d+ +\d+\.\d % \(\d+\.\d to \d+\.\d\) .+ 50\.0 % \(0\.0 to 100\.0\)$/m);
    expect(stdout).toContain(
      `deep/2.wav (1 error)\n  said:  ba ${words[2].slice(1).join(' ')}\n  heard: ${texts[2]}\n`,
    );
  });

  it('lists what cannot be evaluated, goes on, and fails in the end', async () => {
    await writeFile(join(folder, 'diary.wav'), 'Dear diary, today I renamed a file to .wav.');
    const lines = [
      `deep/0.wav\t${texts[0]}`,
      'diary.wav\tone',
      'gone.wav\ttwo',
      'no tab',
      `deep/3.wav\tqué ${texts[3]} qué`,
    ];
    const path = await manifest('bad.tsv', lines);
    const ended = await run('evaluate', path, '--json');
    expect(ended.code).toBe(1);
    const figures = JSON.parse(ended.stdout) as Report;
    expect(figures).toMatchObject({ utterances: 2, deletions: 2, unknownWords: { qué: 2 } });
    expect(figures.unheard).toEqual([
      { name: 'line 4', reason: 'has no tab, and nothing of what is said' },
      { name: 'diary.wav', reason: expect.stringMatching(/diary\.wav is text, not WAV$/) },
      { name: 'gone.wav', reason: expect.stringMatching(/there is no file .*gone\.wav$/) },
    ]);
    const { stdout } = await run('evaluate', path);
    expect(stdout).toMatch(/^\d words said that the model has no tokens for: .*qué$/m);
    expect(stdout).toMatch(/^not evaluated: gone\.wav: there is no file/m);
    const none = await run('evaluate', await manifest('none.tsv', ['gone.wav\tone']));
    expect([none.code, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toMatch(/there is no file .*gone\.wav/);
  });

  it('searches as it is told, by options and by a configuration', async () => {
    const path = await manifest(
      'search.tsv',
      texts.map((text, i) => `deep/${i}.wav\t${text}`),
    );
    const [greedy, beam] = [await report(path), await report(path, '--search', 'beam', '--paths', '8')];
    expect(greedy.wordErrorRate).toBe(0);
    expect(beam.wordErrorRate).toBeGreaterThan(0);
    await writeFile(
      join(folder, 'beam.yaml'),
      'name: b\nmodel: models/tiny\nsource: {kind: audio-files, files: other.wav}\ndecide: {kind: transcribe, search: beam, paths: 8, partials: false}\n',
    );
    const configured = await report(path, '--config', 'beam.yaml');
    expect(configured.results).toEqual(beam.results);
    expect(configured.latency['first'].audioS).toEqual(beam.latency['first'].audioS);
  });

  it('measures in real time how long one waits', async () => {
    const path = await manifest('live.tsv', [`deep/4.wav\t${texts[4]}`]);
    const { latency, realTimeFactor } = await report(path, '--real-time');
    expect(realTimeFactor).toBeNull();
    // Pieces of 100 ms are played when they begin.
    expect(latency['first'].wallS?.median).toBeGreaterThan((latency['first'].audioS?.median ?? NaN) - 0.11);
    expect(latency['final'].wallS?.median).toBeGreaterThan(-0.11);
  });

  it('evaluates strings of joined recordings, with noise, the same ones for the same seed', async () => {
    const path = await manifest(
      'words.tsv',
      texts.map((text, i) => `deep/${i}.wav\t${text}\t${i % 2 === 0 ? 'anna' : 'bert'}`),
    );
    const join = ['--joined', '6', '--words', '1-2', '--gap', '50-200ms'];
    const [plain, noisy] = [
      await report(path, ...join, '--seed', '5'),
      await report(path, ...join, '--seed', '5', '--noise', 'pink', '--snr', '10'),
    ];
    expect(plain.utterances).toBe(6);
    expect(plain.perSpeaker.map(({ speaker }) => speaker)).toEqual(['anna', 'bert']);
    expect(noisy.results.map(({ recording }) => recording)).toEqual(plain.results.map(({ recording }) => recording));
    expect(noisy.results).not.toEqual(plain.results);
    expect(plain.audioSeconds).toBeGreaterThan(6);
    const [tight, roomy] = [
      await report(path, ...join, '--edges', 'tight'),
      await report(path, ...join, '--edges', '1000ms'),
    ];
    expect(roomy.audioSeconds - tight.audioSeconds).toBeCloseTo(6 * 2, 6);
  });

  it('says nothing when it is stopped amid the recordings', async () => {
    const path = await manifest(
      'long.tsv',
      texts.map((text, i) => `deep/${i}.wav\t${text}`),
    );
    const child = new CliProcess(['--log-level', 'debug', 'evaluate', path, '--real-time'], where());
    await child.heard(/recogniser opened/);
    child.child.kill('SIGINT');
    const { code, stdout, stderr } = await child.ended();
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('stopped before all recordings were heard; nothing is reported');
  });

  it.each([
    ['--gap is for strings of joined recordings', ['--gap', '0-500ms']],
    ['--config says how it searches', ['--config', 'beam.yaml', '--vad']],
    ['is for no recogniser', ['--config', 'voice.yaml']],
  ])('takes no option that would do nothing, or is wrong: %s', async (message, args) => {
    await writeFile(join(folder, 'voice.yaml'), 'source: {kind: audio-files, files: a.wav}\ndecide: {kind: voice}\n');
    const { code, stdout, stderr } = await run('evaluate', await manifest('any.tsv', ['a.wav\tone']), ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('says what a manifest is to one who gives none', async () => {
    const { code, stderr } = await run('evaluate', 'gone.tsv');
    expect(code).toBe(1);
    expect(stderr).toContain('there is no file gone.tsv. Give the path of a manifest: a line for each recording');
  });
});
