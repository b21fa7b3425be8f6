import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Aedes } from 'aedes';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { silentLog } from '../../src/core/log.js';
import { EmbeddedBroker } from '../../src/mqtt/broker.js';
import { MqttConnection, type Subscription } from '../../src/mqtt/connection.js';
import { connectionShape } from '../../src/mqtt/options.js';
import { certificateContents, makeCertificates } from '../support/certificates.js';
import { freePort, Mosquitto } from '../support/mosquitto.js';
import { needsProgram, PATH_WITH_SBIN } from '../support/needs.js';
import { mqttClient, nextMessage } from '../support/publisher.js';
import { RecordingLog } from '../support/stages.js';

const schema = z.strictObject(connectionShape);
const goOn = new AbortController().signal;

function connection(options: Record<string, unknown>, log = new RecordingLog(), subscription?: Subscription) {
  const made = new MqttConnection(schema.parse(options), {
    clientId: 'under-test',
    baseDir: '/',
    log,
    ...(subscription === undefined ? {} : { subscription }),
  });
  onTestFinished(() => made.stop());
  return made;
}

function subscribeTo(topic: string): Subscription {
  return { filters: [topic], qos: 1, receive: () => true };
}

async function embedded(port = 0): Promise<{ broker: EmbeddedBroker; url: string; port: number }> {
  const broker = new EmbeddedBroker(silentLog);
  onTestFinished(() => broker.stop());
  const address = await broker.start({ host: '127.0.0.1', port });
  return { broker, url: `mqtt://127.0.0.1:${address.port}`, port: address.port };
}

/** A TCP server of any kind. @returns its address as that of a broker */
async function listen(onConnection: (socket: Socket) => void, port = 0): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    onConnection(socket);
  }).listen(port, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what goes wrong at the start is said', () => {
  it('nobody listens', async () => {
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    await expect(connection({ url }).start(goOn)).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: `no broker answers at ${url}: nothing listens there`,
      hint: expect.stringContaining('start the broker'),
    });
  });

  it('somebody listens who does not speak MQTT', async () => {
    const url = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const start = connection({ url }).start(goOn);
    await expect(start).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('an access list that forbids the subscription', async () => {
    const aedes = await Aedes.createBroker({ authorizeSubscribe: (_client, _wanted, answer) => answer(null, null) });
    onTestFinished(() => aedes.close());
    const url = await listen((socket) => void aedes.handle(socket));
    const start = connection({ url }, new RecordingLog(), subscribeTo('secret/#')).start(goOn);
    await expect(start).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
      hint: expect.stringContaining('secret/#'),
    });
  });

  it.each([
    [{ username: 'ann', passwordFile: '/nowhere/password' }, /\/nowhere\/password/],
    [{ username: 'ann', passwordEnv: 'KIOKU_TEST_UNSET' }, /KIOKU_TEST_UNSET/],
  ])('a secret that is not there: %j', async (options, message) => {
    await expect(connection({ url: 'mqtt://127.0.0.1:1', ...options }).start(goOn)).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      message: expect.stringMatching(message),
    });
  });

  it('an abort while it waits for the broker', async () => {
    const abort = new AbortController();
    const url = await listen(() => abort.abort(new Error('changed my mind')));
    await expect(connection({ url }).start(abort.signal)).rejects.toThrow('changed my mind');
  });
});

describe('a connection that has ended stays away', () => {
  it('after a failed start', async () => {
    const port = await freePort();
    await expect(connection({ url: `mqtt://127.0.0.1:${port}` }).start(goOn)).rejects.toThrow('nothing listens there');
    let attempts = 0;
    await listen(() => (attempts += 1), port);
    // The first pause would be over by then.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(attempts).toBe(0);
  });

  it.each(['while it is connected', 'while it looks for the broker'])('after a stop %s', async (when) => {
    const { broker, url, port } = await embedded();
    const made = connection({ url });
    await made.start(goOn);
    const down = firstValueFrom(made.status.pipe(filter((status) => status === 'down')));
    if (when === 'while it looks for the broker') {
      await broker.stop();
      await down;
    }
    await made.stop();
    await broker.stop();
    let attempts = 0;
    await listen(() => (attempts += 1), port);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(attempts).toBe(0);
  });
});

describe.each([4, 5])('mosquitto with passwords, protocol %i', (protocolVersion) => {
  it('lets the right one in, refuses the wrong one, and neither shows up anywhere', async (ctx) => {
    needsProgram(ctx, 'mosquitto_passwd');
    const mosquitto = await Mosquitto.start(ctx, {
      lines: ['allow_anonymous false', 'password_file {dir}/users'],
      files: { users: 'ann:open-sesame\n', right: 'open-sesame\n', wrong: 'close-sesame\n' },
      prepare: (dir) => {
        execFileSync('mosquitto_passwd', ['-U', join(dir, 'users')], { env: { PATH: PATH_WITH_SBIN }, stdio: 'pipe' });
        // It leaves the file to its owner alone; mosquitto is another user.
        chmodSync(join(dir, 'users'), 0o644);
      },
    });
    const log = new RecordingLog();
    const login = (file: string) => {
      const passwordFile = join(mosquitto.dir, file);
      return connection({ url: mosquitto.url, protocolVersion, username: 'ann', passwordFile }, log);
    };
    await login('right').start(goOn);
    const refused: unknown = await login('wrong')
      .start(goOn)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'BROKER_REFUSED',
      hint: expect.stringContaining('check username and password'),
    });
    expect([String(refused), JSON.stringify(refused), ...log.lines].join('\n')).not.toMatch(/sesame/);
  });
});

it('speaks TLS with a client certificate, and says what is wrong without', async (ctx) => {
  const dir = makeCertificates(ctx);
  const mosquitto = await Mosquitto.start(ctx, {
    scheme: 'mqtts',
    files: certificateContents(dir),
    lines: [
      'cafile {dir}/ca.crt',
      'certfile {dir}/server.crt',
      'keyfile {dir}/server.key',
      'require_certificate true',
      'use_identity_as_username true',
      'allow_anonymous true',
    ],
  });
  const { url } = mosquitto;
  const [ca, cert, key] = ['ca.crt', 'client.crt', 'client.key'].map((name) => join(dir, name));
  await connection({ url, ca, cert, key }).start(goOn);

  const tlsHint = { code: 'BROKER_UNREACHABLE', hint: expect.stringMatching(/ca must name|TLS|cert and key/) };
  await expect(connection({ url, cert, key }).start(goOn)).rejects.toMatchObject(tlsHint);
  await expect(connection({ url, ca }).start(goOn)).rejects.toMatchObject(tlsHint);
  const plain = url.replace('mqtts', 'mqtt');
  await expect(connection({ url: plain }).start(goOn)).rejects.toMatchObject(tlsHint);
  const broken = join(dir, 'broken.pem');
  writeFileSync(broken, readFileSync(join(dir, 'client.key'), 'utf8').slice(0, 60));
  const withBroken = connection({ url, ca, cert, key: broken });
  await expect(withBroken.start(goOn)).rejects.toMatchObject({
    code: 'BROKER_UNREACHABLE',
    message: expect.stringContaining('TLS'),
  });
  await withBroken.stop();
});

describe('a connection that was there', () => {
  it('comes back, subscribes again although the broker forgot everything, and says so', async () => {
    const first = await embedded();
    const got: string[] = [];
    const log = new RecordingLog();
    const made = connection({ url: first.url, reconnectMaxMs: 200 }, log, {
      ...subscribeTo('t'),
      receive: (_topic, payload) => got.push(payload.toString()) > 0,
    });
    await made.start(goOn);
    const down = firstValueFrom(made.status.pipe(filter((status) => status === 'down')));
    await first.broker.stop();
    await down;
    const up = firstValueFrom(made.status.pipe(filter((status) => status === 'up')));
    const second = await embedded(first.port);
    await up;
    const publisher = await mqttClient(second.url);
    await publisher.publishAsync('t', 'again', { qos: 1 });
    await expect.poll(() => got).toEqual(['again']);
    expect(log.lines.some((line) => line.startsWith('warn lost the broker'))).toBe(true);
  });

  it('backs off from another client of the same name instead of fighting it, and says what is wrong', async (ctx) => {
    const { url } = await Mosquitto.start(ctx);
    const log = new RecordingLog();
    const made = connection({ url, clientId: 'twin', reconnectMaxMs: 60_000 }, log);
    await made.start(goOn);
    let logins = 0;
    made.status.subscribe((status) => (logins += status === 'up' ? 1 : 0));
    const twin = await mqttClient(url, { clientId: 'twin', protocolVersion: 5, reconnectPeriod: 1 });
    await expect.poll(() => log.lines.some((line) => line.includes('has the same clientId'))).toBe(true);
    // Its pauses: 0.25 s, 0.5 s, 1 s, 2 s, give or take a fifth. Without growing it would be in a dozen times.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(logins).toBeGreaterThan(1);
    expect(logins).toBeLessThan(6);
    await twin.endAsync(true);
  });

  it('goes on in MQTT 3.1.1 with a broker that does not know MQTT 5', async () => {
    const { url } = await embedded();
    const log = new RecordingLog();
    await connection({ url, protocolVersion: 5 }, log).start(goOn);
    expect(log.lines.some((line) => line.includes('does not speak MQTT 5'))).toBe(true);
  });

  it('publishes its status: online, offline at the end', async () => {
    const { url } = await embedded();
    const watcher = await mqttClient(url);
    const made = connection({ url, statusTopic: 'kioku/status' });
    await made.start(goOn);
    expect(await nextMessage(watcher, 'kioku/status')).toBe('online');
    const offline = nextMessage(watcher, 'kioku/status', (text) => text === 'offline');
    await made.stop();
    await offline;
  });

  it('has the broker say offline when its process is killed (last will)', async (ctx) => {
    const { url } = await Mosquitto.start(ctx);
    const watcher = await mqttClient(url);
    const online = nextMessage(watcher, 'kioku/child/status', (text) => text === 'online');
    const script = fileURLToPath(new URL('../support/will-child.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, url], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await online;
    const offline = nextMessage(watcher, 'kioku/child/status', (text) => text === 'offline');
    child.kill('SIGKILL');
    expect(await offline).toBe('offline');
  });
});
