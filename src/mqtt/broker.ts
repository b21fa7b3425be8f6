/** An MQTT 3.1.1 broker inside this process, for machines that have none. Sessions live as long as the process. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Aedes } from 'aedes';
import { systemCodeOf, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';

export interface BrokerAddress {
  /** Loopback unless the network should reach it: there is no password. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** QoS 0 to 2, retained messages, persistent sessions in memory, last will; no login. */
export class EmbeddedBroker {
  readonly #log: Log;
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @returns where it listens, with the port that was taken
   * @throws UserError `BROKER_PORT` when it cannot listen there
   */
  async start(address: BrokerAddress): Promise<BrokerAddress> {
    // Only where it is wanted: it would take a tenth of the time that the start of every pipeline takes.
    const { Aedes: Broker } = await import('aedes');
    const aedes = await Broker.createBroker();
    this.#aedes = aedes;
    aedes.on('clientError', (client, error) => {
      this.#log.debug({ client: client.id, reason: error.message }, 'a client of the embedded broker failed');
    });
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#server = server;
    try {
      await listen(server, address);
    } catch (cause) {
      await this.stop();
      throw portFailure(address, cause);
    }
    const { port } = server.address() as AddressInfo;
    this.#log.info({ host: address.host, port }, 'the embedded broker listens');
    return { host: address.host, port };
  }

  /** Ends every connection. May be called more than once. */
  async stop(): Promise<void> {
    const [aedes, server] = [this.#aedes, this.#server];
    this.#aedes = undefined;
    this.#server = undefined;
    if (aedes !== undefined) await new Promise<void>((resolve) => aedes.close(resolve));
    // Also those that have connected and not yet logged in, which aedes does not know.
    for (const socket of this.#sockets) socket.destroy();
    if (server?.listening === true) await new Promise((resolve) => server.close(resolve));
  }
}

function listen(server: Server, { host, port }: BrokerAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portFailure({ host, port }: BrokerAddress, cause: unknown): UserError {
  const code = systemCodeOf(cause);
  const [reason, hint] =
    code === 'EADDRINUSE'
      ? ['something listens there already', 'use that broker (leave broker out), or choose another port']
      : code === 'EACCES'
        ? ['that port needs special rights', 'choose a port above 1023']
        : [`the address cannot be used (${code ?? 'unknown'})`, 'host must be an address of this machine'];
  return new UserError('BROKER_PORT', `the embedded broker cannot listen on ${host}:${port}: ${reason}`, {
    hint,
    cause,
  });
}
