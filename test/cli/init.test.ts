import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/core/log.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { CliProcess, kioku } from '../support/cli.js';
import { mqttClient } from '../support/publisher.js';

let folder = '';
let url = '';
const broker = new EmbeddedBroker(silentLog);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-init-'));
  const { port } = await broker.start({ host: '127.0.0.1', port: 0 });
  url = `mqtt://127.0.0.1:${port}`;
});
afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true });
});

/** Starts `kioku init`, publishes once it listens, and waits for its end. */
async function initWhilePublishing(args: readonly string[]): Promise<Awaited<ReturnType<CliProcess['ended']>>> {
  const client = await mqttClient(url);
  const init = new CliProcess(['init', url, '--for', '1s', ...args]);
  await init.heard(/connected to the broker/);
  for (let tick = 0; tick < 4; tick++) {
    for (const device of ['pump1', 'pump2']) {
      await client.publishAsync(`factory/${device}/temperature`, String(20 + tick));
      await client.publishAsync(`factory/${device}/vibration`, '0.5');
    }
  }
  await client.publishAsync('office/door', 'open');
  return init.ended();
}

describe('kioku init', () => {
  it('shows what is published and writes a configuration that loads', async () => {
    const out = join(folder, 'kioku.yaml');
    const result = await initWhilePublishing(['--out', out]);
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/heard 17 messages/);
    expect(result.stdout).toMatch(/factory\/\{device\}\/\{channel\} +4 .*number +temperature=20 vibration=0\.5/);
    expect(result.stdout).toMatch(/office\/door +1 .*other/);
    const config = await loadConfig(out);
    expect(config.source).toMatchObject({ kind: 'mqtt', options: { url, topic: 'factory/{device}/{channel}' } });
    expect(config.align.channels?.map(({ name }) => name)).toEqual(['temperature', 'vibration']);
    expect(await readFile(out, 'utf8')).toMatch(/# such as 0\.5; never changed/);
  });

  it('prints JSON, only hears the topics it is asked for, and keeps passwords out of the file', async () => {
    const out = join(folder, 'json.yaml');
    const secret = join(folder, 'secret');
    await writeFile(secret, 'hunter2\n');
    const args = [
      '--json',
      '--topic',
      'factory/+/vibration',
      '--username',
      'me',
      '--password-file',
      secret,
      '--out',
      out,
    ];
    const result = await initWhilePublishing(args);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      file: out,
      proposed: 'factory/{device}/vibration',
      groups: [{ messages: 8, payload: 'number', channels: [{ name: 'vibration', example: 0.5, varies: false }] }],
    });
    expect((await loadConfig(out)).source.options).toMatchObject({ username: 'me', passwordFile: 'secret' });
    expect((await readFile(out, 'utf8')) + result.stdout + result.stderr).not.toContain('hunter2');
  });

  it('says when nothing is published, also when Ctrl-C ends it', async () => {
    const init = new CliProcess(['init', url, '--for', '10m', '--out', join(folder, 'none.yaml')]);
    await init.heard(/connected to the broker/);
    init.child.kill('SIGINT');
    const result = await init.ended();
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/kioku: nothing was published on # while kioku listened\. Check that/);
  });

  it('does not overwrite a file unasked', async () => {
    const out = join(folder, 'mine.yaml');
    await writeFile(out, 'mine');
    const result = await kioku(['init', url, '--out', out]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--force');
    expect(await readFile(out, 'utf8')).toBe('mine');
  });

  it('refuses a password in the address without repeating it', async () => {
    const out = join(folder, 'login.yaml');
    const result = await kioku(['init', 'mqtt://me:hunter2@127.0.0.1', '--out', out]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('must not hold a login');
    expect(result.stdout + result.stderr).not.toContain('hunter2');
  });

  it('says that no broker answers', async () => {
    const result = await kioku(['init', 'mqtt://127.0.0.1:1', '--out', join(folder, 'x.yaml')]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/kioku: .*127\.0\.0\.1:1/);
  });
});
