/** The byte stream to a broker. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { IClientOptions } from 'mqtt';

const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

/** Whether `openBrokerStream` can open it: all but WebSockets, which are mqtt.js's own. */
export function isPlainStream(url: string): boolean {
  return new URL(url).protocol in PORTS;
}

/**
 * Connects; small packets are sent at once, which mqtt.js by itself leaves to Nagle's algorithm and to brokers that
 * delay acknowledgements.
 * @param url `mqtt://…` or `mqtts://…`
 * @param options certificates; a certificate of the broker that does not hold is an `error` of the stream
 */
export function openBrokerStream(url: string, { ca, cert, key }: IClientOptions): Socket {
  const { protocol, hostname, port: written } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const port = written === '' ? PORTS[protocol] : Number(written);
  if (protocol === 'mqtt:') return connectTcp({ host, port, noDelay: true });
  const secure = connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return secure.setNoDelay(true);
}
