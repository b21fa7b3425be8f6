/** Our options in the words of mqtt.js. */
import type { IClientOptions } from 'mqtt';
import { FIRST_PAUSE_MS } from '../core/backoff.js';
import type { Credentials } from './credentials.js';
import type { ConnectionOptions } from './options.js';

/** @param clientId the name at the broker when the options have none */
export function clientOptions(options: ConnectionOptions, clientId: string, credentials: Credentials): IClientOptions {
  const kept = options.sessionExpirySeconds > 0;
  return {
    ...credentials,
    manualConnect: true,
    clientId: options.clientId ?? clientId,
    protocolVersion: options.protocolVersion,
    clean: !kept,
    properties: { sessionExpiryInterval: options.sessionExpirySeconds },
    keepalive: options.keepAliveSeconds,
    connectTimeout: options.connectTimeoutMs,
    reconnectPeriod: FIRST_PAUSE_MS,
    reconnectOnConnackError: true,
    resubscribe: false,
    queueQoSZero: false,
    // Its default prints whole packets, passwords too, when DEBUG is set.
    log: () => {},
    ...(options.statusTopic === undefined
      ? {}
      : { will: { topic: options.statusTopic, payload: Buffer.from('offline'), qos: 1, retain: true } }),
  };
}
