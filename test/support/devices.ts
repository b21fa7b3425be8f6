/**
 * Simulated pumps as a process of its own: 20 MQTT clients with QoS 1 and persistent sessions, which keep publishing
 * while the broker is away and deliver later, as real devices do.
 *
 * Arguments: one JSON object (`DevicesPlan`). Prints `started <first step's epoch ms>` and, when every message has been
 * acknowledged, `done`.
 */
import mqtt from 'mqtt';
import { deviceName, PLANT_CHANNELS, readPump, type FaultPlan } from './plant.js';

export interface DevicesPlan {
  readonly url: string;
  readonly devices: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly seed: number;
  readonly firstStep: number;
  readonly faults: readonly FaultPlan[];
}

const plan = JSON.parse(process.argv[2]) as DevicesPlan;
const clients = await Promise.all(
  Array.from({ length: plan.devices }, (_, device) =>
    mqtt.connectAsync(plan.url, {
      clientId: deviceName(device),
      clean: false,
      reconnectPeriod: 100,
      connectTimeout: 2000,
    }),
  ),
);
// A refused connection while the broker restarts is expected: the client tries again.
for (const client of clients) client.on('error', () => {});

const startMs = Math.ceil(Date.now() / plan.stepMs) * plan.stepMs;
process.stdout.write(`started ${startMs}\n`);
const acknowledged: Promise<unknown>[] = [];
let published = 0;
const timer = setInterval(() => {
  const due = Math.min(plan.steps, Math.floor((Date.now() - startMs) / plan.stepMs) + 1);
  for (; published < due; published++) publish(published);
  if (published < plan.steps) return;
  clearInterval(timer);
  void finish();
}, plan.stepMs / 2);

function publish(step: number): void {
  clients.forEach((client, device) => {
    const values = readPump(device, plan.firstStep + step, plan.seed, plan.faults);
    const channels = Object.fromEntries(PLANT_CHANNELS.map((name, i) => [name, values[i]]));
    const message = { seq: step, time: startMs + step * plan.stepMs, ...channels };
    acknowledged.push(client.publishAsync(`factory/${deviceName(device)}/state`, JSON.stringify(message), { qos: 1 }));
  });
}

async function finish(): Promise<void> {
  await Promise.all(acknowledged);
  await Promise.all(clients.map((client) => client.endAsync()));
  process.stdout.write('done\n');
}
