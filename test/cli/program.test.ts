import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';
import { explain, Io } from '../../src/cli/output.js';
import { BugError, UserError } from '../../src/core/errors.js';
import { ROOT } from '../support/build.js';
import { kioku } from '../support/cli.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

const HOST = 'source: { kind: host }\n';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-cli-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('kioku', () => {
  it('prints the version of the package', async () => {
    const { version } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8')) as { version: string };
    expect(await kioku(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('describes every command, each with its own help', async () => {
    const help = await kioku(['--help']);
    expect(help.code).toBe(0);
    for (const command of buildProgram(new Io()).commands) {
      expect(help.stdout).toContain(`  ${command.name()} `);
      expect(command.description()).not.toBe('');
      expect(command.options.every((option) => option.description !== '')).toBe(true);
    }
    const check = await kioku(['check', '--help']);
    expect(check).toMatchObject({ code: 0, stderr: '' });
    expect(check.stdout).toContain('kioku check [options] <config>');
  });

  it.each([
    [['chek'], /unknown command 'chek'\s+\(Did you mean check\?\)/],
    [['check', '--jsno', 'x'], /unknown option '--jsno'\s+\(Did you mean --json\?\)/],
    [['check'], /missing required argument 'config'/],
    [['check', 'x', '--log-level', 'loud'], /Allowed choices are silent, error/],
    [['init', 'mqtt://x', '--for', '30'], /such as 30s, 5m or 1h/],
    [[], /Usage: kioku/],
  ])('called as %j ends with code 2 and says what to do', async (args, words) => {
    const { code, stdout, stderr } = await kioku(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(words);
  });

  it('takes a closed pipe for a wish to stop', () => {
    const main = `${ROOT}dist/cli/main.js`;
    const { stdout, stderr } = spawnSync('sh', ['-c', `(node ${main} schema; echo code $? >&2) | head -c 1`], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('{');
    expect(stderr).toBe('code 0\n');
  });
});

describe('explain', () => {
  it('makes sentences of a mistake, and asks to report a defect', () => {
    expect(explain(new UserError('DISK', 'the disk is full', { hint: 'delete something' }))).toBe(
      'the disk is full. Delete something.',
    );
    expect(explain(new UserError('DISK', 'Really?'))).toBe('Really?');
    expect(explain(new UserError('PLATFORM', 'no', { hint: 'runtime.library takes one' }))).toBe(
      'no. runtime.library takes one.',
    );
    expect(explain(new BugError('oops'))).toMatch(/a defect in kioku; please report.*\n.*oops\n +at /);
    expect(explain('text')).toContain('an unexpected error');
  });
});

describe('kioku check', () => {
  it('says that a configuration is valid', async () => {
    const path = await file('good.yaml', HOST);
    const result = await kioku(['check', path]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`${path} is valid`);
    const json = JSON.parse((await kioku(['check', path, '--json'])).stdout) as { valid: boolean; config: object };
    expect(json.valid).toBe(true);
    expect(json.config).toMatchObject({ name: 'good', model: join(folder, 'models/good') });
  });

  it.each([
    ['voice', ': microphone source, model that comes with kioku'],
    ['transcribe', 'but there is no'],
  ])('says where the model of decide: %s comes from', async (kind, said) => {
    const path = await file(`${kind}.yaml`, `source: { kind: microphone }\ndecide: { kind: ${kind} }\n`);
    const { code, stdout } = await kioku(['check', path]);
    expect(code).toBe(0);
    expect(stdout).toContain(said);
  });

  it('lists every mistake with its place, also as JSON', async () => {
    const path = await file('bad.yaml', `${HOST}algin: { stepMs: 10 }\ntrain: { hidden: many }\n`);
    const text = await kioku(['check', path]);
    expect(text).toMatchObject({ code: 1, stdout: '' });
    expect(text.stderr).toContain(`${path}:2:1: algin is not known (did you mean align?)`);
    expect(text.stderr).toContain(`${path}:3:18: train.hidden must be a number`);
    const json = await kioku(['check', path, '--json']);
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      problems: [
        { path: 'algin', line: 2, column: 1, reason: 'is not known', hint: 'did you mean align?' },
        { path: 'train.hidden', line: 3, column: 18 },
      ],
    });
  });

  it('says that there is no such file', async () => {
    const result = await kioku(['check', join(folder, 'none.yaml')]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/^kioku: there is no file .*none\.yaml\. Give the path/);
  });
});

describe('kioku schema', () => {
  it('prints a JSON Schema', async () => {
    const { code, stdout } = await kioku(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      required: ['source'],
      additionalProperties: false,
    });
  });
});

describe('kioku inspect', () => {
  it('describes a model folder and a lone file', async () => {
    const { card, onnx } = kiokuModel(GRU);
    card.training.persistenceMse = 0.5;
    card.training.validationMse = 0.05;
    const model = await writeModel(join(folder, 'model'), { card, onnx });
    const text = await kioku(['inspect', model]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/input +x_t +float32 +\[B, 2\]/);
    expect(text.stdout).toContain('10.0 times better than repeating the last value');
    // The card of a model that was trained before kioku wrote down how.
    expect(text.stdout).toMatch(/^optimised in \d+ steps? of Adam$/m);
    const json = JSON.parse((await kioku(['inspect', model, '--json'])).stdout) as object;
    expect(json).toMatchObject({
      bytes: onnx.length,
      opset: 17,
      card: {
        name: 'test',
        stepMs: 1000,
        errorVersusPersistence: 0.1,
        training: { parameters: card.training.parameters },
      },
    });
    expect(json).toMatchObject({ nets: [{ model: join(model, 'model.onnx'), provider: 'native/cpu' }] });
    const lone = JSON.parse((await kioku(['inspect', join(model, 'model.onnx'), '--json'])).stdout) as object;
    expect(lone).toMatchObject({ bytes: onnx.length });
    expect(lone).not.toHaveProperty('card');
  });

  it('says what runs it here, as a configuration asks for', async () => {
    const model = await writeModel(join(folder, 'run'), kiokuModel(GRU));
    expect((await kioku(['inspect', model])).stdout).toMatch(/run\/model\.onnx +native\/cpu +1\.\d+\.\d+/);
    const path = await file('node.yaml', `${HOST}model: run\nruntime: { engine: node }\n`);
    expect((await kioku(['inspect', path])).stdout).toMatch(/run\/model\.onnx +node\/cpu/);
    const cuda = await file('cuda.yaml', `${HOST}model: run\nruntime: { providers: [cuda, cpu] }\n`);
    const { nets } = JSON.parse((await kioku(['inspect', cuda, '--json'])).stdout) as { nets: readonly object[] };
    expect(nets).toMatchObject([{ provider: 'native/cpu', skipped: [{ name: 'cuda' }] }]);
  });

  it('compares the engines, where there are two and the model can be stepped', async () => {
    const model = await writeModel(join(folder, 'compared'), kiokuModel(GRU));
    const { stdout } = await kioku(['inspect', model, '--verify']);
    expect(stdout).toMatch(/native\/cpu.* (0|\d[\d.]*e-\d+) \(0\.00001 is allowed\)/);
    const alone = await file('alone.yaml', `${HOST}model: compared\nruntime: { engine: node }\n`);
    expect(await kioku(['inspect', alone, '--verify'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is nothing to compare') as string,
    });
    expect(await kioku(['inspect', join(model, 'model.onnx'), '--verify'])).toMatchObject({ code: 2 });
  });

  it('says what is wrong with a model', async () => {
    const absent = await kioku(['inspect', join(folder, 'no-model')]);
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toContain('there is no');
    const torn = await kioku(['inspect', await file('torn.onnx', 'not a model')]);
    expect(torn.code).toBe(1);
    expect(torn.stderr).toMatch(/^kioku: .*torn\.onnx/);
  });
});
