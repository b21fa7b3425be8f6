/**
 * Node-RED without its editor, as a contender: its MQTT node parses JSON, a function node counts. `node-red.ts FOLDER
 * USER_DIR PORT`; FOLDER is where it is installed, PORT the flood's.
 */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { importPeer } from '../peers.js';
import type { Question, Tally } from './contender.js';

/** What is used of it. */
interface NodeRed {
  init(server: unknown, settings: object): void;
  start(): Promise<void>;
}

const [folder, userDir, port] = process.argv.slice(2);
const counted = { messages: 0 };

const flow = [
  { id: 'tab', type: 'tab', label: 'bench' },
  {
    id: 'broker',
    type: 'mqtt-broker',
    broker: '127.0.0.1',
    port,
    clientid: 'node-red',
    autoConnect: true,
    protocolVersion: '4',
    keepalive: '60',
    cleansession: true,
  },
  {
    id: 'in',
    type: 'mqtt in',
    z: 'tab',
    topic: 'plant/+',
    qos: '0',
    datatype: 'json',
    broker: 'broker',
    wires: [['count']],
  },
  {
    id: 'count',
    type: 'function',
    z: 'tab',
    func: "global.get('counted').messages++;\nif (msg.payload.temperature > 45) return msg;",
    outputs: 1,
    wires: [[]],
  },
];

await writeFile(join(userDir, 'flows.json'), JSON.stringify(flow));
const red = ((await importPeer(folder, 'node-red')) as { default: NodeRed }).default;
red.init(createServer(), {
  userDir,
  flowFile: 'flows.json',
  httpAdminRoot: false,
  httpNodeRoot: false,
  disableEditor: true,
  credentialSecret: false,
  telemetry: { enabled: false },
  logging: { console: { level: 'off' } },
  functionGlobalContext: { counted },
});
await red.start();

process.on('message', (asked: Question) => {
  if (asked.question !== 'tally') return;
  const { user, system } = process.cpuUsage();
  const tally: Tally = {
    messages: counted.messages,
    scores: 0,
    incidents: 0,
    cpuUs: user + system,
    atMs: performance.now(),
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    counters: {},
  };
  process.send?.(tally);
});
process.on('disconnect', () => process.exit());
