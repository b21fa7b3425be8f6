/**
 * Messages of many devices as MQTT PUBLISH packets, QoS 0. All have the same length, so that a message is made by
 * writing its digits into a copy of its device's packet: a source that cost as much as the receiver could not flood it.
 */
import { uniform } from '../../src/core/random.js';

export const DEVICES = 1000;
export const CHANNELS = ['temperature', 'humidity'] as const;
/** Devices stamp their messages: each is one time step after the one before. */
export const STEP_MS = 1000;
const START_MS = 1_767_225_600_000;
/** As many messages of one device in a row stray, and one of so many devices at a time. */
const FAULT_STEPS = 16;
const FAULTY_OF = 400;

const TIME_DIGITS = 13;
/** Places in the payload are found by these, which are written over. */
const PAYLOAD = '{"ts":0000000000000,"temperature":00.000,"humidity":11.111,"fw":"2.14","state":"running","unit":"A"}';

export function deviceOf(name: string): number {
  return Number(name.slice(-4));
}

/** Number of the message of `device` that is stamped `ms`: they are numbered 0, 1, 2, … over all devices in turn. */
export function messageIndex(device: number, ms: number): number {
  return ((ms - START_MS) / STEP_MS) * DEVICES + device;
}

/** Writes messages by their number into one buffer of packets. */
export class FloodMessages {
  readonly packetBytes: number;
  /** Absent: the devices send in turn. */
  readonly #order: Int32Array | undefined;
  readonly #templates: Buffer;
  readonly #timeAt: number;
  readonly #temperatureAt: number;
  readonly #humidityAt: number;
  /** xorshift32 */
  #noise = 0x2545f491;

  /**
   * @param version of the protocol; MQTT 5 has a byte for the (absent) properties
   * @param shuffled in each time step the devices send in another order; then messages must be written in turn
   */
  constructor(
    version: 4 | 5,
    readonly devices = DEVICES,
    shuffled = false,
  ) {
    const packets = Array.from({ length: devices }, (_, device) => packetOf(device, devices, version));
    if (shuffled) this.#order = Int32Array.from({ length: devices }, (_, device) => device);
    this.packetBytes = packets[0].length;
    this.#templates = Buffer.concat(packets);
    const [first] = packets;
    this.#timeAt = first.indexOf('0'.repeat(TIME_DIGITS));
    this.#temperatureAt = first.indexOf('00.000', this.#timeAt + TIME_DIGITS);
    this.#humidityAt = first.indexOf('11.111');
  }

  /** @param at where in `out` the packet begins */
  write(index: number, out: Buffer, at: number): void {
    const turn = index % this.devices;
    const step = (index - turn) / this.devices;
    const device = this.#order === undefined ? turn : this.#draw(this.#order, turn);
    const from = device * this.packetBytes;
    this.#templates.copy(out, at, from, from + this.packetBytes);
    writeDigits(out, at + this.#timeAt, TIME_DIGITS, START_MS + step * STEP_MS);
    const faulty = (device + ((step / FAULT_STEPS) | 0) * 7) % FAULTY_OF === 0 && step % 400 >= 400 - FAULT_STEPS;
    const temperature = 20_000 + (device % 50) * 100 + this.#spread(600) + (faulty ? 30_000 : 0);
    writeFixed(out, at + this.#temperatureAt, temperature);
    writeFixed(out, at + this.#humidityAt, 40_000 + (device % 30) * 200 + this.#spread(900));
  }

  /** One exchange of the shuffle of Fisher and Yates. */
  #draw(order: Int32Array, turn: number): number {
    this.#spread(1);
    const other = turn + ((this.#noise >>> 0) % (order.length - turn));
    const device = order[other];
    order[other] = order[turn];
    order[turn] = device;
    return device;
  }

  /** Bell-shaped around 0, within ±`half`. */
  #spread(half: number): number {
    let x = this.#noise;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#noise = x;
    const sum = (x & 0x3ff) + ((x >>> 10) & 0x3ff) + ((x >>> 20) & 0x3ff);
    return Math.round(((sum - 1534.5) / 1534.5) * half);
  }
}

function packetOf(device: number, devices: number, version: 4 | 5): Buffer {
  const digits = Math.max(4, String(devices - 1).length);
  const topic = Buffer.from(`plant/press-${String(device).padStart(digits, '0')}`);
  // A device's text is as it is; `unit` only tells devices apart.
  const unit = String.fromCharCode(65 + Math.floor(26 * uniform(device, 0, 0)));
  const payload = Buffer.from(PAYLOAD.replace('"A"', `"${unit}"`));
  const properties = version === 5 ? [0] : [];
  const length = 2 + topic.length + properties.length + payload.length;
  const lengthBytes = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
  const head = [0x30, ...lengthBytes, topic.length >> 8, topic.length & 255];
  return Buffer.concat([Buffer.from(head), topic, Buffer.from(properties), payload]);
}

/** Thousandths as `00.000`. */
function writeFixed(out: Buffer, at: number, thousandths: number): void {
  writeDigits(out, at, 2, Math.floor(thousandths / 1000));
  writeDigits(out, at + 3, 3, thousandths % 1000);
}

function writeDigits(out: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    out[i] = 48 + (rest - 10 * next);
    rest = next;
  }
}
