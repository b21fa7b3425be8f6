/** Overhearing a broker for a while, without leaving a trace there. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { BrokerReference } from '../config/discovery/proposal.js';
import type { Heard } from '../config/discovery/discover.js';
import { UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { MqttConnection } from '../mqtt/connection.js';
import { checkConnection, connectionShape, type ConnectionOptions } from '../mqtt/options.js';

/** More than this says nothing new, but fills the memory. */
const MAX_MESSAGES = 200_000;
const MAX_BYTES = 128 * 1024 * 1024;

export interface ListenOptions {
  /** See `connectionOptions`. */
  readonly connection: ConnectionOptions;
  /** Topic filter, such as `#`. */
  readonly topic: string;
  readonly forMs: number;
  readonly log: Log;
  readonly onMessage: () => void;
}

/**
 * @param signal ends the listening early; what was heard until then is returned
 * @returns messages in order of arrival
 * @throws UserError what the connection throws
 */
export async function listen(options: ListenOptions, signal: AbortSignal): Promise<readonly Heard[]> {
  const heard: Heard[] = [];
  const full = new AbortController();
  let bytesHeard = 0;
  const connection = new MqttConnection(options.connection, {
    clientId: `kioku-init-${process.pid}`,
    baseDir: process.cwd(),
    log: options.log,
    subscription: {
      filters: [options.topic],
      qos: 0,
      receive: ({ text: topic }, bytes, retained) => {
        if (full.signal.aborted) return true;
        const arrivedUs = Math.round((performance.timeOrigin + performance.now()) * 1000);
        heard.push({ topic, bytes, arrivedUs, retained });
        bytesHeard += bytes.length;
        options.onMessage();
        if (heard.length >= MAX_MESSAGES || bytesHeard >= MAX_BYTES) full.abort();
        return true;
      },
    },
  });
  await connection.start(signal);
  try {
    await pause(options.forMs, undefined, { signal: AbortSignal.any([signal, full.signal]) }).catch(() => undefined);
  } finally {
    await connection.stop();
  }
  return heard;
}

/**
 * Completes and checks what was given on the command line.
 * @throws UserError `ARGUMENT`, without repeating the address, which may hold a password
 */
export function connectionOptions(broker: BrokerReference): ConnectionOptions {
  const schema = z.strictObject(connectionShape).superRefine(checkConnection);
  // Session expiry 0: the broker must not keep messages for somebody who never comes back.
  const parsed = schema.safeParse({ ...broker, sessionExpirySeconds: 0 });
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw new UserError('ARGUMENT', mistakes.join('; '), { hint: 'see `kioku init --help`' });
}
