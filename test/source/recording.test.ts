import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import type { Packet } from '../../src/core/contracts.js';
import { recordedRow, recordingHeader, RecordingWriter } from '../../src/source/recording.js';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'kioku-recording-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A file system of 1 MB. */
function smallDisk(ctx: TestContext): string {
  const dir = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'pipe' });
  } catch {
    ctx.skip('needs to mount a file system: run as root, with the right to mount');
  }
  onTestFinished(() => void execFileSync('umount', [dir], { stdio: 'pipe' }));
  return dir;
}

function packets(n: number, from: number, payload = 'x'.repeat(1000)): Packet[] {
  return Array.from({ length: n }, (_, i) => ({
    source: 0,
    seq: from + i + 1,
    topic: 'plant/pump',
    route: { stream: 'pump' },
    bytes: Buffer.from(payload),
    arrivedUs: from + i,
  }));
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Every line must be whole. @returns how many messages there are */
function messagesIn(path: string): number {
  const text = readFileSync(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  const [header, ...lines] = text.slice(0, -1).split('\n');
  expect(recordingHeader(header ?? '')).toEqual({ readable: true });
  lines.forEach((line, i) => expect(recordedRow(line)?.us).toBe(i));
  return lines.length;
}

describe('a full disk', () => {
  it('ends the recording with an error, and leaves whole lines of all that was written before', async (ctx) => {
    const path = join(smallDisk(ctx), 'rec.jsonl');
    const writer = await RecordingWriter.create(path, 'plant');
    let error: unknown;
    for (let from = 0; error === undefined && from < 5000; from += 10) {
      error = await failure(writer.append(packets(10, from)));
    }
    expect(error).toMatchObject({ code: 'DISK', message: expect.stringContaining('the disk is full') });
    const messages = messagesIn(path);
    expect(messages).toBeGreaterThan(800);
    expect(writer.written).toBe(messages);
    expect((error as Error).message).toContain(`the ${messages} messages written before are kept`);
    // It stays so, and closing gives the file free all the same.
    expect(await failure(writer.close())).toBe(error);
    expect(messagesIn(path)).toBe(messages);
  });

  it('is told at the very first line', async (ctx) => {
    const dir = smallDisk(ctx);
    execFileSync('sh', ['-c', `cat /dev/zero > ${join(dir, 'rest')} || true`], { stdio: 'pipe' });
    const error = await failure(RecordingWriter.create(join(dir, 'rec.jsonl'), 'plant'));
    expect(error).toMatchObject({ code: 'DISK', message: expect.stringContaining('the disk is full; the 0 messages') });
    expect(existsSync(join(dir, 'rec.jsonl'))).toBe(false);
  });
});

it('does not write over a file', async () => {
  const path = join(folder(), 'rec.jsonl');
  await (await RecordingWriter.create(path, 'plant')).close();
  await expect(RecordingWriter.create(path, 'plant')).rejects.toMatchObject({
    code: 'DISK',
    message: expect.stringContaining('is there already'),
  });
});

it('says that a folder is not there', async () => {
  await expect(RecordingWriter.create(join(folder(), 'none', 'rec.jsonl'), 'plant')).rejects.toMatchObject({
    code: 'DISK',
  });
});

it('writes what was appended when it is asked to, in order, however the calls overlap', async () => {
  const path = join(folder(), 'rec.jsonl');
  const writer = await RecordingWriter.create(path, 'plant');
  await writer.append(packets(3, 0));
  expect(messagesIn(path)).toBe(0);
  const overlapping = [
    writer.append(packets(200, 3)),
    writer.flush(),
    writer.append(packets(200, 203)),
    writer.flush(),
  ];
  await Promise.all(overlapping);
  expect(messagesIn(path)).toBe(403);
  await writer.close();
  expect(writer.written).toBe(403);
});
