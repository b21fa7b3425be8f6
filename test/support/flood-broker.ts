/** A broker of MQTT 3.1.1 that sends all it has at once, as soon as somebody has subscribed. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
}

function encode({ topic, payload, qos }: Published, number: number): Buffer {
  const name = Buffer.from(topic);
  const id = qos === 0 ? [] : [1 + ((number >> 8) % 255), number & 255];
  const body = Buffer.concat([Buffer.from([0, name.length]), name, Buffer.from(id), Buffer.from(payload)]);
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return Buffer.concat([Buffer.from([0x30 | (qos << 1), ...length]), body]);
}

/** @param messages shorter than 16 kB each. @returns its address */
export async function floodBroker(messages: readonly Published[]): Promise<string> {
  const flood = Buffer.concat(messages.map(encode));
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (bytes[0] === 0x10) socket.write(Buffer.from([0x20, 2, 0, 0]));
      else if (bytes[0] === 0x82) {
        socket.write(Buffer.from([0x90, 3, bytes[2], bytes[3], 1]));
        socket.write(flood);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
