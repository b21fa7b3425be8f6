/** A process to be killed: holds a connection with a status topic. Argument: the address of the broker. */
import { silentLog } from '../../src/core/log.js';
import { MqttConnection } from '../../src/mqtt/connection.js';

const connection = new MqttConnection(
  {
    url: process.argv[2] ?? '',
    protocolVersion: 5,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 30,
    connectTimeoutMs: 5000,
    reconnectMaxMs: 1000,
    statusTopic: 'kioku/child/status',
  },
  { clientId: 'child', baseDir: '/', log: silentLog },
);
await connection.start(new AbortController().signal);
