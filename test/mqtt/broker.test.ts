import { connect } from 'node:net';
import { once } from 'node:events';
import { connect as connectMqtt } from 'mqtt';
import { onTestFinished, expect, it } from 'vitest';
import { silentLog } from '../../src/core/log.js';
import { type BrokerAddress, EmbeddedBroker } from '../../src/mqtt/broker.js';
import { mqttClient } from '../support/publisher.js';

async function start(): Promise<[EmbeddedBroker, BrokerAddress]> {
  const broker = new EmbeddedBroker(silentLog);
  onTestFinished(() => broker.stop());
  return [broker, await broker.start({ host: '127.0.0.1', port: 0 })];
}

it('takes any free port when asked for none', async () => {
  const [, first] = await start();
  const [, second] = await start();
  expect(first.port).toBeGreaterThan(0);
  expect(second.port).not.toBe(first.port);
});

it('says that its port is taken', async () => {
  const [, address] = await start();
  const second = new EmbeddedBroker(silentLog);
  await expect(second.start(address)).rejects.toMatchObject({
    code: 'BROKER_PORT',
    message: expect.stringContaining(`127.0.0.1:${address.port}: something listens there already`),
  });
});

it('says that the address is not one of this machine', async () => {
  const broker = new EmbeddedBroker(silentLog);
  await expect(broker.start({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'BROKER_PORT' });
});

it('keeps QoS 1 messages for a session whose client is away, retained ones for everybody', async () => {
  const [, { port }] = await start();
  const url = `mqtt://127.0.0.1:${port}`;
  const away = await mqttClient(url, { clientId: 'away', clean: false });
  await away.subscribeAsync('kept', { qos: 1 });
  await away.endAsync();
  const publisher = await mqttClient(url);
  await publisher.publishAsync('kept', '1', { qos: 1 });
  await publisher.publishAsync('last', '2', { qos: 1, retain: true });
  const back = connectMqtt(url, { clientId: 'away', clean: false, protocolVersion: 4 });
  onTestFinished(() => back.endAsync(true));
  const got = new Set<string>();
  const both = new Promise<void>((resolve) => {
    back.on('message', (topic, payload) => {
      got.add(`${topic} ${payload.toString()}`);
      if (got.size === 2) resolve();
    });
  });
  await back.subscribeAsync('last', { qos: 1 });
  await both;
  expect(got).toEqual(new Set(['kept 1', 'last 2']));
});

it('ends all connections when it stops, also those that never said a word', async () => {
  const [broker, { port }] = await start();
  const silent = connect(port, '127.0.0.1');
  await once(silent, 'connect');
  const client = await mqttClient(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  const closed = Promise.all([
    once(silent, 'close'),
    new Promise((resolve) => client.once('close', () => resolve(undefined))),
  ]);
  await broker.stop();
  await closed;
  await broker.stop();
  const late = connect(port, '127.0.0.1');
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});
