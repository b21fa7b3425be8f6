import { existsSync } from 'node:fs';
import { appendFile, type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KiokuEvent } from '../../src/core/events.js';
import { jsonlKind } from '../../src/sink/jsonl.js';
import { incident, scoreEvent, sinkContract, transcript, voiceEvent } from '../contracts/sink.contract.js';
import { stageContext } from '../support/stages.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-jsonl-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'new', 'events.jsonl');

function make(options: Record<string, unknown> = {}): ReturnType<typeof jsonlKind.create> {
  const parsed = jsonlKind.schema.parse({ kind: 'jsonl', path: 'new/events.jsonl', ...options });
  return jsonlKind.create(parsed, stageContext({ baseDir: folder }));
}

async function lines(): Promise<unknown[]> {
  const text = await readFile(file(), 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
}

sinkContract('jsonl', () => {
  const sink = make();
  return { sink, received: async () => (await lines()).map((line) => (line as KiokuEvent).id) };
});

describe('jsonl sink', () => {
  it('makes the folder and writes every field, with ISO times beside the microseconds', async () => {
    const sink = make();
    await sink.start(new AbortController().signal);
    const event = incident('a');
    await sink.write([event, scoreEvent('b')]);
    await sink.stop();
    expect(await lines()).toEqual([
      { ...event, time: '2023-11-14T22:13:30.000Z', since: '2023-11-14T22:13:20.000Z' },
      { ...scoreEvent('b'), time: '2023-11-14T22:13:20.000Z' },
    ]);
  });

  it('appends to what is there, and leaves scores out when told to', async () => {
    for (const id of ['a', 'b']) {
      const sink = make({ scores: false });
      await sink.start(new AbortController().signal);
      await sink.write([scoreEvent('s'), incident(id)]);
      await sink.stop();
    }
    expect((await lines()).map((line) => (line as KiokuEvent).id)).toEqual(['a', 'b']);
  });

  it('leaves partial transcripts out when told to, and nothing else of speech', async () => {
    const sink = make({ partials: false });
    await sink.start(new AbortController().signal);
    await sink.write([transcript('partial', 'p'), transcript('final', 'f'), voiceEvent('speech-end', 'v')]);
    await sink.stop();
    expect((await lines()).map((line) => (line as KiokuEvent).id)).toEqual(['f', 'v']);
  });

  it('ends a line that a crash has torn, so that the next event is whole', async () => {
    const first = make();
    await first.start(new AbortController().signal);
    await first.write([incident('a')]);
    await first.stop();
    await appendFile(file(), '{"type":"incid');
    const second = make();
    await second.start(new AbortController().signal);
    await second.write([incident('b')]);
    await second.stop();
    const [a, torn, b, rest] = (await readFile(file(), 'utf8')).split('\n');
    expect(JSON.parse(a)).toMatchObject({ id: 'a' });
    expect(torn).toBe('{"type":"incid');
    expect(JSON.parse(b)).toMatchObject({ id: 'b' });
    expect(rest).toBe('');
  });

  it('keeps events of writes that overlap apart and in order', async () => {
    const sink = make();
    await sink.start(new AbortController().signal);
    const ids = Array.from({ length: 50 }, (_, i) => `e${i}`);
    await Promise.all(ids.map((id) => sink.write([incident(id)])));
    await sink.stop();
    expect((await lines()).map((line) => (line as KiokuEvent).id)).toEqual(ids);
  });

  it('brings to the disk what lasts, and with it what came before; scores alone only at the end', async () => {
    const any = await open(join(folder, 'any'), 'a');
    const sync = vi.spyOn(Object.getPrototypeOf(any) as FileHandle, 'datasync');
    onTestFinished(() => sync.mockRestore());
    await any.close();
    const sink = make();
    await sink.start(new AbortController().signal);
    await sink.write([scoreEvent('a')]);
    await sink.write([scoreEvent('b'), transcript('partial', 'p')]);
    expect(sync).toHaveBeenCalledTimes(0);
    await sink.write([scoreEvent('c'), incident('i')]);
    expect(sync).toHaveBeenCalledTimes(1);
    await sink.write([scoreEvent('d')]);
    expect(sync).toHaveBeenCalledTimes(1);
    await sink.stop();
    expect(sync).toHaveBeenCalledTimes(2);
    expect(await lines()).toHaveLength(6);
  });

  it('says that the disk is full, every time', async (ctx) => {
    if (!existsSync('/dev/full')) ctx.skip('needs /dev/full, which Linux has');
    const sink = make({ path: '/dev/full' });
    await sink.start(new AbortController().signal);
    const failure = { code: 'DISK', message: expect.stringContaining('/dev/full') as string };
    await expect(sink.write([incident('a')])).rejects.toMatchObject({
      ...failure,
      hint: expect.stringContaining('full') as string,
    });
    await expect(sink.write([incident('b')])).rejects.toMatchObject(failure);
    await sink.stop();
  });

  it('says which path it cannot write', async () => {
    await writeFile(join(folder, 'new'), 'a file where the folder should be');
    await expect(make().start(new AbortController().signal)).rejects.toMatchObject({
      code: 'DISK',
      message: expect.stringContaining('events.jsonl') as string,
    });
  });
});
