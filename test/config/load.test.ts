import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import { ConfigError, type Problem } from '../../src/config/problems.js';
import { UserError } from '../../src/core/errors.js';
import { testRegistry } from './kinds.js';

const GOOD = 'source:\n  kind: radio\n  url: here\n';

async function parse(text: string): Promise<Awaited<ReturnType<typeof parseConfig>>> {
  return parseConfig(text, '/etc/kioku/hall.yaml', 'hall.yaml', testRegistry());
}

async function problemsOf(text: string): Promise<readonly Problem[]> {
  try {
    await parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a valid configuration', () => {
  it('needs a source only; name and model folder follow from the file', async () => {
    const config = await parse(GOOD);
    expect(config).toMatchObject({ name: 'hall', baseDir: '/etc/kioku', model: '/etc/kioku/models/hall' });
    expect(config.source).toMatchObject({ kind: 'radio', options: { url: 'here', bands: [], gain: 'auto' } });
    expect([config.decode.kind, config.feature.kind, config.decide.kind]).toEqual(['plain', 'plain', 'plain']);
    expect(config.align.stepMs).toBe(1000);
    expect(config.train.hidden).toBe(32);
    expect(config.limits.maxStreams).toBe(10_000);
    expect(config.broker).toBeUndefined();
  });

  it('completes the embedded broker and a section without its kind', async () => {
    const config = await parse(`${GOOD}broker: {}\ndecode: { level: high }\nmodel: ../m\nsinks: [{ kind: plain }]`);
    expect(config.broker).toEqual({ host: '127.0.0.1', port: 1883 });
    expect(config.decode.options).toEqual({ kind: 'plain', level: 'high' });
    expect(config.model).toBe('/etc/m');
    expect(config.sinks.map((sink) => sink.kind)).toEqual(['plain']);
  });

  it('names engine, library and hardware that step the net', async () => {
    expect((await parse(GOOD)).runtime).toEqual({
      engine: 'auto',
      providers: [{ name: 'cpu', options: {} }],
      threads: 'auto',
    });
    const runtime =
      'runtime: { library: ../ort.so, threads: 2, providers: [{ name: CUDA, options: { a: "0" } }, cpu] }';
    expect((await parse(`${GOOD}${runtime}`)).runtime).toEqual({
      engine: 'auto',
      library: '/etc/ort.so',
      providers: [
        { name: 'cuda', options: { a: '0' } },
        { name: 'cpu', options: {} },
      ],
      threads: 2,
    });
  });

  it('loads only the kinds it names', async () => {
    const loaded: string[] = [];
    await parseConfig(GOOD, '/x/a.yaml', 'a.yaml', testRegistry(loaded));
    expect(loaded).toEqual(['radio']);
  });
});

describe('mistakes', () => {
  it('are all reported at once, each with path, place, reason and hint', async () => {
    const problems = await problemsOf(
      [
        'nmae: x', // 1
        'source:', // 2
        '  kind: radio', // 3
        '  bands:', // 4
        '    - name: a', // 5
        '      widthHz: -3', // 6
        '      widhtHz: 4', // 7
        'align:', // 8
        '  stepms: 10', // 9
        'decide: { kind: plane }', // 10
        'decode: { level: mid }', // 11
        'limits: { maxStreams: many }', // 12
        'broker: { port: 70000 }', // 13
        'sinks: [{ kind: console }]', // 14
      ].join('\n'),
    );
    const seen = problems.map(({ path, line, column, reason }) => `${line}:${column} ${path} ${reason}`);
    expect(seen).toEqual([
      '1:1 nmae is not known',
      '3:3 source.url is missing',
      '6:16 source.bands[0].widthHz must be more than 0',
      '7:7 source.bands[0].widhtHz is not known',
      '9:3 align.stepms is not known',
      '10:17 decide.kind must be one of plain',
      '11:18 decode.level must be one of low, high',
      '12:23 limits.maxStreams must be a number',
      '13:17 broker.port must be at most 65535',
      '14:17 sinks[0].kind must be one of plain',
    ]);
    expect(problems[0]?.hint).toBe('did you mean name?');
    expect(problems[2]?.hint).toBe('Width of the band; in Hz; default 1000');
    expect(problems[3]?.hint).toBe('did you mean widthHz?');
    expect(problems[4]?.hint).toBe('did you mean stepMs?');
    expect(problems[5]?.hint).toBe('did you mean plain?');
  });

  it('say which kinds there are', async () => {
    const [problem] = await problemsOf('source: { kind: xyz-unlike-any }');
    expect(problem).toMatchObject({ path: 'source.kind', reason: 'must be one of radio, tape' });
    expect(problem?.hint).toBe('known here: radio, tape');
    expect((await problemsOf('source: { url: x }'))[0]?.reason).toBe('is missing');
    expect((await problemsOf('name: x'))[0]).toMatchObject({ path: 'source', reason: 'is missing', line: 1 });
  });

  it('inside an alternative are those of the alternative that was meant', async () => {
    const problems = await problemsOf(`${GOOD}  gain: { bd: 3 }`);
    expect(problems.map(({ path, reason }) => `${path} ${reason}`).toSorted()).toEqual([
      'source.gain.bd is not known',
      'source.gain.db is missing',
    ]);
    expect((await problemsOf(`${GOOD}  gain: loud`))[0]?.reason).toBe('must be auto or a mapping (key: value)');
  });

  it('may be nested as deeply as they like', async () => {
    let tooDeep = 0;
    for (const open of ['[', '- ', '{a: ']) {
      for (const depth of [1000, 5000, 20_000]) {
        const problems = await problemsOf(`${open.repeat(depth)}\n${GOOD}`);
        expect(problems.length).toBeGreaterThan(0);
        if (problems[0].reason.includes('too deeply')) tooDeep++;
      }
    }
    // The parser notices some by itself.
    expect(tooDeep).toBeGreaterThan(0);
  });

  it('of a projection: which cell has one, and how wide it may be', async () => {
    const { train } = await parse(`${GOOD}train: { cell: lstm, hidden: 160, projection: 64 }`);
    expect(train.projection).toBe(64);
    const [cell] = await problemsOf(`${GOOD}train: { hidden: 160, projection: 64 }`);
    expect(cell).toMatchObject({ path: 'train.projection', reason: 'is for an LSTM only; train.cell is gru', line: 4 });
    const [width] = await problemsOf(`${GOOD}train: { cell: lstm, projection: 32 }`);
    expect(width).toMatchObject({ path: 'train.projection', reason: 'must be less than train.hidden, which is 32' });
  });

  it('of the engine: what onnxruntime-node has not', async () => {
    const problems = await problemsOf(`${GOOD}runtime: { engine: node, library: x.so, providers: [cuda] }`);
    expect(problems.map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      'runtime.library is for the native engine, but engine is node',
      'runtime.providers must name cpu, because engine is node, which has no other',
    ]);
  });

  it('of YAML itself have a place, duplicated keys among them', async () => {
    expect(await problemsOf('source: [1, 2')).toMatchObject([{ line: 1 }]);
    const twice = await problemsOf(`${GOOD}name: a\nname: b\nlimits: { maxStreams: 0 }`);
    expect(twice).toMatchObject([
      { line: 5, reason: 'a key stands here a second time' },
      { line: 6, path: 'limits.maxStreams' },
    ]);
    expect((await problemsOf('just text'))[0]?.reason).toContain('mapping');
    expect((await problemsOf(''))[0]).toMatchObject({ path: 'source', reason: 'is missing' });
  });

  it('such as a bomb of aliases end quickly', async () => {
    const bomb = ['a0: &a0 [x, x]', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)];
    expect((await problemsOf(bomb.join('\n')))[0]?.reason).toContain('cannot be read');
  });
});

describe('secrets', () => {
  it('written out are refused and not repeated', async () => {
    const text = `${GOOD}  password: hunter2\nname: x\nsinks:\n  - kind: plain\n    level: mqtt://me:hunter2@host`;
    const problems = await problemsOf(text);
    expect(problems.map(({ path }) => path)).toEqual(['source.password', 'sinks[0].level']);
    expect(problems[0]?.hint).toContain('passwordFile');
    expect(JSON.stringify(problems)).not.toContain('hunter2');
    await expect(parse(text)).rejects.toThrow(expect.not.stringContaining('hunter2'));
  });

  it('by reference are accepted', async () => {
    expect(await problemsOf(`${GOOD}  passwordFile: /run/secrets/mqtt`)).toEqual([]);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-config-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  it('that are absent or unreadable are CONFIG_MISSING', async () => {
    await expect(loadConfig(join(folder, 'no.yaml'))).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
    await expect(loadConfig(folder)).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
  });

  it('that are there are loaded', async () => {
    const path = join(folder, 'line-3.yml');
    await writeFile(path, GOOD);
    expect(await loadConfig(path, testRegistry())).toMatchObject({ name: 'line-3', file: path, baseDir: folder });
  });
});

it('any text at all is a configuration or a UserError', async () => {
  const word = fc.constantFrom(
    'source',
    'kind',
    'radio',
    'url',
    ':',
    ' ',
    '\n',
    '  ',
    '- ',
    '[',
    '{',
    '}',
    '"',
    '&a',
    '*a',
    '!!x',
    '|',
    '#',
    '1',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
  );
  await fc.assert(
    fc.asyncProperty(text, async (yaml) => {
      const thrown = await parse(yaml).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(thrown === undefined || thrown instanceof UserError).toBe(true);
    }),
    { numRuns: 500 },
  );
});
