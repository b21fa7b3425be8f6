import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { placeOrder, pull, type Pulled, type PullOptions } from '../../../src/cli/models/pull.js';
import { UNPACK_LIMITS } from '../../../src/cli/models/unpack.js';
import { bzip2, gzip, tarOf } from '../../support/archives.js';
import { FileServer } from '../../support/file-server.js';
import { needsProgram } from '../../support/needs.js';
import { GRU, kiokuModel } from '../../support/step-model.js';

const WEIGHTS = Buffer.from(Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2_654_435_761)).buffer);
const TAR = tarOf([
  { path: 'some-model/', type: 'Directory' },
  { path: 'some-model/encoder.onnx', content: WEIGHTS },
  { path: 'some-model/tokens.txt', content: '<blk> 0\n' },
]);
const ARCHIVE = gzip(TAR);
const DIGEST = createHash('sha256').update(ARCHIVE).digest('hex');

interface Bench {
  readonly server: FileServer;
  readonly cwd: string;
  /** Everything below the working directory, folders with a `/`. */
  readonly files: () => Promise<string[]>;
  readonly pull: (path?: string, options?: Partial<PullOptions> & { sha256?: string; to?: string }) => Promise<Pulled>;
  readonly phases: string[];
}

async function bench(content = ARCHIVE): Promise<Bench> {
  const cwd = await mkdtemp(join(tmpdir(), 'kioku-pull-'));
  onTestFinished(async () => rm(cwd, { recursive: true }));
  await mkdir(join(cwd, 'models'));
  const server = await FileServer.start();
  server.content = content;
  const phases: string[] = [];
  return {
    server,
    cwd,
    phases,
    files: async () => {
      const entries = await readdir(join(cwd, 'models'), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => !entry.isDirectory());
      return files.map((entry) => join(entry.parentPath, entry.name).slice(cwd.length + 8)).toSorted();
    },
    pull: async (path = 'm.tar.gz', { sha256, to, ...options } = {}) => {
      const order = await placeOrder(server.url(path), { sha256, to }, { cwd, env: {}, platform: 'linux' });
      return pull(order, {
        signal: new AbortController().signal,
        stallMs: 10_000,
        limits: UNPACK_LIMITS,
        onProgress: (phase, bytes, total) => phases.push(`${phase} ${bytes} ${total}`),
        ...options,
      });
    },
  };
}

const COMPLETE = ['m/encoder.onnx', 'm/tokens.txt'];
const PART = ['m.part', 'm.part.json'];

describe('pull', () => {
  it('downloads, unpacks and leaves nothing but the model', async () => {
    const { cwd, files, pull: run, phases } = await bench();
    const pulled = await run();
    expect(pulled).toEqual({ folder: join(cwd, 'models/m'), bytes: ARCHIVE.length, sha256: DIGEST });
    expect(await files()).toEqual(COMPLETE);
    expect((await readFile(join(cwd, 'models/m/encoder.onnx'))).equals(WEIGHTS)).toBe(true);
    expect(phases[0]).toBe(`downloading 0 ${ARCHIVE.length}`);
    expect(phases).toContain(`downloading ${ARCHIVE.length} ${ARCHIVE.length}`);
    expect(phases.at(-1)).toBe(`unpacking ${ARCHIVE.length} ${ARCHIVE.length}`);
    await expect(run()).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('already there') as string,
    });
  });

  it.each([true, false])(
    'takes all from a server that closes the connection behind it (with a length: %s)',
    async (length) => {
      // Small enough to come in one piece, large enough that undici wants to pause behind it.
      const archive = gzip(tarOf([{ path: 'encoder.onnx', content: WEIGHTS.subarray(0, 50_000) }]));
      const { server, pull: run } = await bench(archive);
      server.closes = true;
      server.length = length;
      expect(await run()).toMatchObject({ bytes: archive.length });
    },
  );

  it('takes .tar.bz2 as well, and a folder of its own', async (ctx) => {
    needsProgram(ctx, 'bzip2');
    const { cwd, pull: run } = await bench(bzip2(TAR));
    await mkdir(join(cwd, 'mine'));
    await run('m.tar.bz2', { to: 'mine' });
    expect((await readdir(join(cwd, 'mine'))).toSorted()).toEqual(['encoder.onnx', 'tokens.txt']);
  });

  it('takes a lone .onnx file, if it is one', async () => {
    const { files, pull: run, server } = await bench(Buffer.from(kiokuModel(GRU).onnx));
    await run('vad.onnx');
    expect(await files()).toEqual(['vad/vad.onnx']);
    server.content = Buffer.from('<html>');
    await expect(run('page.onnx')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(await files()).toEqual(['vad/vad.onnx']);
  });

  it('goes on by itself while each connection brings something', async () => {
    const { files, pull: run, server } = await bench();
    server.breakAfter = 150_000;
    await run();
    expect(await files()).toEqual(COMPLETE);
    expect(server.asked.length).toBeGreaterThan(2);
    expect(server.asked[0]).toBeUndefined();
    expect(server.asked.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ''))).toBe(true);
  });

  it('keeps the beginning when it is stopped, and goes on there the next time', async () => {
    const { cwd, files, pull: run, server, phases } = await bench();
    const stop = new AbortController();
    server.stallAfter = 150_000;
    const onProgress = (_: string, bytes: number): void => {
      if (bytes === 150_000) stop.abort();
    };
    await expect(run('m.tar.gz', { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: 'stopped',
      hint: 'run the same command again to go on at 0.1 MB',
    });
    expect(await files()).toEqual(PART);
    expect((await stat(join(cwd, 'models/m.part'))).size).toBe(150_000);
    server.stallAfter = Number.POSITIVE_INFINITY;
    expect((await run()).sha256).toBe(DIGEST);
    expect(server.asked).toEqual([undefined, 'bytes=150000-']);
    expect(phases[0]).toBe(`downloading 150000 ${ARCHIVE.length}`);
    expect(await files()).toEqual(COMPLETE);
  });

  it.each<[string, (server: FileServer) => void]>([
    ['without ranges', (server) => void (server.ranges = false)],
    ['with another version of the file', (server) => void (server.etag = '"v2"')],
    [
      'whose file became shorter',
      (server) => {
        server.etag = '"v2"';
        server.content = gzip(
          tarOf([
            { path: 'encoder.onnx', content: 'x' },
            { path: 'tokens.txt', content: 'x' },
          ]),
        );
      },
    ],
  ])('begins anew at a server %s', async (_, change) => {
    const { cwd, files, pull: run, server } = await bench();
    await writeFile(join(cwd, 'models/m.part'), Buffer.alloc(150_000, 'old'));
    await writeFile(
      join(cwd, 'models/m.part.json'),
      JSON.stringify({ url: server.url('m.tar.gz'), validator: '"v1"' }),
    );
    change(server);
    const pulled = await run();
    expect(server.asked[0]).toBe('bytes=150000-');
    expect(pulled.sha256).toBe(createHash('sha256').update(server.content).digest('hex'));
    expect(await files()).toEqual(COMPLETE);
  });

  it('begins anew when the beginning is of another address, or nobody knows of what', async () => {
    const { cwd, pull: run, server } = await bench();
    await writeFile(join(cwd, 'models/m.part'), 'of what?');
    await run('m.tar.gz', { to: 'models/m' });
    await rm(join(cwd, 'models/m'), { recursive: true });
    await writeFile(join(cwd, 'models/m.part'), 'other');
    await writeFile(join(cwd, 'models/m.part.json'), JSON.stringify({ url: 'http://a/b.tar.gz', validator: '"v1"' }));
    await run();
    await rm(join(cwd, 'models/m'), { recursive: true });
    await writeFile(join(cwd, 'models/m.part'), 'torn note');
    await writeFile(join(cwd, 'models/m.part.json'), '{"url":');
    await run();
    expect(server.asked).toEqual([undefined, undefined, undefined]);
  });

  it('uses the date where there is no ETag, and a weak one never', async () => {
    const { files, pull: run, server } = await bench();
    server.etag = undefined;
    server.lastModified = 'Tue, 31 Mar 2026 12:00:00 GMT';
    server.breakAfter = 300_000;
    await run();
    expect(server.asked).toEqual([undefined, expect.stringMatching(/^bytes=\d{6}-$/)]);
    expect(await files()).toEqual(COMPLETE);
    const weak = await bench();
    weak.server.etag = 'W/"v1"';
    weak.server.breakAfter = 300_000;
    await expect(weak.pull()).rejects.toMatchObject({ message: expect.stringContaining('connection broke') as string });
    expect(weak.server.asked.every((range) => range === undefined)).toBe(true);
    expect(await weak.files()).toEqual([]);
  });

  it('does not download again what only has to be unpacked', async () => {
    const { cwd, files, pull: run, server } = await bench();
    await writeFile(join(cwd, 'models/m.part'), ARCHIVE);
    await writeFile(
      join(cwd, 'models/m.part.json'),
      JSON.stringify({ url: server.url('m.tar.gz'), validator: '"v1"' }),
    );
    await mkdir(join(cwd, 'models/m.unpacking'));
    await writeFile(join(cwd, 'models/m.unpacking/left-over'), 'of a pull that was killed');
    await run();
    expect(server.asked).toEqual([`bytes=${ARCHIVE.length}-`]);
    expect(await files()).toEqual(COMPLETE);
  });

  it('stops in the middle of unpacking without leaving half a model', async () => {
    const { files, pull: run } = await bench();
    const stop = new AbortController();
    const onProgress = (phase: string): void => {
      if (phase === 'unpacking') stop.abort();
    };
    await expect(run('m.tar.gz', { signal: stop.signal, onProgress })).rejects.toMatchObject({ message: 'stopped' });
    expect(await files()).toEqual(PART);
    await run();
    expect(await files()).toEqual(COMPLETE);
  });

  it('proves the checksum before anything is unpacked, and throws wrong bytes away', async () => {
    const { files, pull: run, phases } = await bench();
    const wrong = DIGEST.replace(/^./, DIGEST.startsWith('0') ? '1' : '0');
    await expect(run('m.tar.gz', { sha256: wrong })).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining(`its SHA-256 is ${DIGEST}, not ${wrong}`) as string,
    });
    expect(phases.some((phase) => phase.startsWith('unpacking'))).toBe(false);
    expect(await files()).toEqual([]);
    await run('m.tar.gz', { sha256: DIGEST.toUpperCase() });
    expect(await files()).toEqual(COMPLETE);
  });

  it('leaves nothing of an archive that is not to be trusted', async () => {
    const {
      cwd,
      files,
      pull: run,
    } = await bench(
      gzip(
        tarOf([
          { path: 'good', content: 'x' },
          { path: '../../evil', content: 'x' },
        ]),
      ),
    );
    await expect(run()).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining('"../../evil" leads out of the folder') as string,
    });
    expect(await files()).toEqual([]);
    expect(await readdir(cwd)).toEqual(['models']);
  });

  it.each<[string, (server: FileServer) => void, RegExp, RegExp]>([
    ['404', (server) => void (server.status = 404), /m\.tar\.gz answers 404 Not Found$/, /the address is wrong/],
    ['416', (server) => void (server.status = 416), /answers 416/, /try again later/],
    ['206 unasked', (server) => void (server.status = 206), /answers 206/, /try again later/],
    ['403', (server) => void (server.status = 403), /answers 403/, /wants a login/],
    ['500', (server) => void (server.status = 500), /answers 500/, /try again later/],
    [
      'a redirect to itself',
      (server) => void (server.redirect = server.url('m.tar.gz')),
      /redirect/,
      /check the address/,
    ],
    [
      'a web page',
      (server) => void (server.content = Buffer.from('<!DOCTYPE html>')),
      /is no tar\.gz file/,
      /pull it again/,
    ],
    [
      'nothing',
      (server) => void (server.content = gzip(tarOf([{ path: 'm/', type: 'Directory' }]))),
      /holds no files/,
      /pull it again/,
    ],
  ])('says what is wrong: %s', async (_, change, message, hint) => {
    const { files, pull: run, server } = await bench();
    change(server);
    await expect(run(`m.tar.gz?key=hidden`)).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    });
    await expect(run(`m.tar.gz?key=hidden`)).rejects.not.toThrow('hidden');
    expect(await files()).toEqual([]);
  });

  it('does not wait for ever', async () => {
    const { files, pull: run, server } = await bench();
    server.stallAfter = 150_000;
    server.ranges = false;
    const outcome = run('m.tar.gz', { stallMs: 1000 });
    await expect(outcome).rejects.toMatchObject({
      message: expect.stringMatching(/the server stopped sending$/) as string,
    });
    expect(await files()).toEqual(PART);
  });

  it('says that nobody is there', async () => {
    const { pull: run, server } = await bench();
    await run();
    const there = server.url('other.tar.gz');
    await server.stop();
    const order = await placeOrder(there, {}, { cwd: tmpdir(), env: { XDG_DATA_HOME: tmpdir() }, platform: 'linux' });
    const options = {
      signal: new AbortController().signal,
      stallMs: 5000,
      limits: UNPACK_LIMITS,
      onProgress: () => {},
    };
    await expect(pull(order, options)).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringMatching(/nothing listens at that address$/) as string,
    });
  });
});

describe('placeOrder', () => {
  const around = { cwd: '/work', env: { XDG_DATA_HOME: '/data' }, platform: 'linux' } as const;

  it('finds a name in the catalogue', async () => {
    const name = 'sherpa-onnx-lstm-en-2023-02-17';
    const order = await placeOrder(name, {}, around);
    expect(order).toMatchObject({ name, format: 'tar.bz2', folder: `/data/kioku/models/${name}` });
    expect(order.url.pathname).toMatch(/\.tar\.bz2$/);
    await expect(placeOrder('sherpa-onnx-lstm-en-2023-02-18', {}, around)).rejects.toMatchObject({
      code: 'ARGUMENT',
      hint: expect.stringContaining(`did you mean ${name}?`) as string,
    });
  });

  it.each([
    ['https://host/model.zip', /does not end like a model/],
    ['https://user:secret@host/model.tar.gz', /no address to download from/],
    ['ftp://host/model.tar.gz', /no address/],
  ])('%s', async (address, words) => {
    const outcome = placeOrder(address, {}, around);
    await expect(outcome).rejects.toThrow(words);
    await expect(outcome).rejects.not.toThrow('secret');
  });

  it('makes a name of an address that leads nowhere else', async () => {
    const { folder } = await placeOrder('https://host/a/..%2f..tar.gz', {}, around);
    expect(folder).toMatch(/^\/data\/kioku\/models\/[\w-][^/]*$/);
  });

  it('takes a whole SHA-256 only', async () => {
    await expect(placeOrder('silero-vad', { sha256: 'abc' }, around)).rejects.toMatchObject({ code: 'ARGUMENT' });
  });
});
