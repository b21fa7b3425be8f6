/**
 * `flood.ts [DEVICES [shuffled]]`: a child process that speaks MQTT as a broker over raw sockets, as far as a subscriber
 * needs it, and sends the messages of many devices to one client at a time: as fast as it takes them, or at a rate. What a
 * client does not take is dropped beyond a bound, as brokers do, and counted.
 */
import { createServer, type Socket } from 'node:net';
import { DEVICES, FloodMessages } from './flood-messages.js';

/** To this process. */
export type FloodOrder =
  /** @property messagesPerSecond absent: as many as the client takes */
  { readonly order: 'send'; readonly client: string; readonly messagesPerSecond?: number } | { readonly order: 'stop' };

/** From this process. */
export type FloodReport =
  | { readonly report: 'listening'; readonly port: number }
  | { readonly report: 'subscribed'; readonly client: string }
  | ({ readonly report: 'stopped' } & Sent);

export interface Sent {
  readonly offered: number;
  /** Of the offered: written to the socket. */
  readonly sent: number;
  /** Of the offered: more than the client took and the queue held. */
  readonly dropped: number;
  /** Number of the first message of each write at a rate, and when it was written (monotonic, ns). */
  readonly writes: readonly (readonly [index: number, atNs: number])[];
}

/** In one write without a rate. */
const MESSAGES_A_WRITE = 250;
/** Messages that wait for a client that does not take them; the default of mosquitto. */
const QUEUED_MESSAGES = 1000;
const TICK_MS = 1;

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const PING = 12;

const [count, order] = process.argv.slice(2);
const devices = count === undefined ? DEVICES : Number(count);

class Client {
  readonly #messages: FloodMessages;
  /** Buffers in turn: the socket still holds one when the next is written. */
  readonly #buffers: Buffer[];
  #turn = 0;
  #index = 0;
  #offered = 0;
  #dropped = 0;
  #writes: [number, number][] = [];
  #sending = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly socket: Socket,
    version: 4 | 5,
  ) {
    this.#messages = new FloodMessages(version, devices, order === 'shuffled');
    const bytes = MESSAGES_A_WRITE * this.#messages.packetBytes;
    // More than may wait in the socket.
    this.#buffers = Array.from({ length: 16 }, () => Buffer.allocUnsafe(bytes));
    socket.on('drain', () => {
      if (this.#sending) this.#fill();
    });
  }

  send(messagesPerSecond: number | undefined): void {
    this.#offered = this.#dropped = 0;
    this.#writes = [];
    if (messagesPerSecond === undefined) {
      this.#sending = true;
      this.#fill();
      return;
    }
    const start = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - start) / 1000) * messagesPerSecond) - this.#offered;
      this.#offer(due);
    }, TICK_MS);
  }

  stop(): Sent {
    this.#sending = false;
    clearInterval(this.#timer);
    const sent = this.#offered - this.#dropped;
    // The next time begins with the first device; a shuffled round goes on, so that no device misses a step.
    if (order !== 'shuffled') this.#index = devices * Math.ceil(this.#index / devices);
    return { offered: this.#offered, sent, dropped: this.#dropped, writes: this.#writes };
  }

  #fill(): void {
    while (this.#sending && this.#write(MESSAGES_A_WRITE));
  }

  #offer(messages: number): void {
    const { packetBytes } = this.#messages;
    for (let left = messages; left > 0; left -= MESSAGES_A_WRITE) {
      const n = Math.min(left, MESSAGES_A_WRITE);
      if (this.socket.writableLength + n * packetBytes > QUEUED_MESSAGES * packetBytes) {
        this.#index += n;
        this.#offered += n;
        this.#dropped += n;
      } else {
        this.#writes.push([this.#index, Number(process.hrtime.bigint())]);
        this.#write(n);
      }
    }
  }

  #write(n: number): boolean {
    const buffer = this.#buffers[this.#turn++ % this.#buffers.length];
    const { packetBytes } = this.#messages;
    for (let i = 0; i < n; i++) this.#messages.write(this.#index + i, buffer, i * packetBytes);
    this.#index += n;
    this.#offered += n;
    return this.socket.write(n === MESSAGES_A_WRITE ? buffer : buffer.subarray(0, n * packetBytes));
  }
}

const clients = new Map<string, Client>();
let sending: Client | undefined;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let unread = Buffer.alloc(0);
  let client: Client | undefined;
  let name = '';
  let version: 4 | 5 = 4;
  socket.on('data', (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    for (let packet = nextPacket(unread); packet !== undefined; packet = nextPacket(unread)) {
      unread = unread.subarray(packet.end);
      const { kind, body, qos } = packet;
      if (kind === CONNECT) {
        version = body[6] === 5 ? 5 : 4;
        name = clientId(body, version);
        socket.write(Buffer.from(version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]));
      } else if (kind === SUBSCRIBE) {
        socket.write(Buffer.from(version === 5 ? [0x90, 4, body[0], body[1], 0, 0] : [0x90, 3, body[0], body[1], 0]));
        client ??= new Client(socket, version);
        clients.set(name, client);
        tell({ report: 'subscribed', client: name });
      } else if (kind === PING) {
        socket.write(Buffer.from([0xd0, 0]));
      } else if (kind === PUBLISH && qos === 1) {
        const id = 2 + body.readUInt16BE(0);
        socket.write(Buffer.from([0x40, 2, body[id], body[id + 1]]));
      }
    }
  });
});

interface ControlPacket {
  readonly kind: number;
  readonly qos: number;
  readonly body: Buffer;
  readonly end: number;
}

/** @returns undefined when it is not there completely */
function nextPacket(bytes: Buffer): ControlPacket | undefined {
  let length = 0;
  let at = 1;
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length) return undefined;
    const byte = bytes[at++];
    length |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  const end = at + length;
  if (end > bytes.length) return undefined;
  return { kind: bytes[0] >> 4, qos: (bytes[0] >> 1) & 3, body: bytes.subarray(at, end), end };
}

function clientId(connect: Buffer, version: 4 | 5): string {
  // Protocol name and level, flags, keep-alive; MQTT 5: properties, here fewer than 128 bytes.
  const at = version === 5 ? 11 + connect[10] : 10;
  return connect.toString('utf8', at + 2, at + 2 + connect.readUInt16BE(at));
}

function tell(report: FloodReport): void {
  process.send?.(report);
}

process.on('message', (order: FloodOrder) => {
  if (order.order === 'send') {
    sending = clients.get(order.client);
    sending?.send(order.messagesPerSecond);
  } else if (sending !== undefined) tell({ report: 'stopped', ...sending.stop() });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) tell({ report: 'listening', port: address.port });
});
