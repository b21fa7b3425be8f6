/** A plain MQTT client for tests, ended with the test. */
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';

export async function mqttClient(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 100, ...options });
  client.on('error', () => {});
  onTestFinished(() => client.endAsync(true));
  return client;
}

/** Publishes `n` numbered messages and waits until the broker has them. */
export async function publishNumbers(client: MqttClient, topic: string, n: number, from = 0): Promise<void> {
  const all: Promise<unknown>[] = [];
  for (let i = from; i < from + n; i++) all.push(client.publishAsync(topic, String(i), { qos: 1 }));
  await Promise.all(all);
}

/** Resolves with the payload of the next message on a topic that satisfies `accept`. */
export async function nextMessage(
  client: MqttClient,
  topic: string,
  accept: (payload: string) => boolean = () => true,
): Promise<string> {
  const found = new Promise<string>((resolve) => {
    client.on('message', (from, payload) => {
      const text = payload.toString();
      if (from === topic && accept(text)) resolve(text);
    });
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return found;
}
