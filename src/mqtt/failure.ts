/** Why a broker did not let us in, in words that say what to do. */
import { ErrorWithReasonCode } from 'mqtt';
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';

/** CONNACK "unacceptable protocol version": MQTT 3.1.1 code 1, MQTT 5 code 132. */
const WRONG_VERSION = new Set([1, 132]);
/** CONNACK "bad user name or password" and "not authorised", of MQTT 3.1.1 and 5. */
const BAD_LOGIN = new Set([4, 5, 134, 135]);

const TLS = /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|EPROTO|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

const SYSTEM: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'start the broker, or correct the host and port in url'],
  ENOTFOUND: ['the host name is unknown', 'correct the host in url'],
  EAI_AGAIN: ['the host name cannot be looked up now', 'check the network and its name server'],
  ECONNRESET: [
    'the broker closed the connection',
    'check that url has the right port, and mqtts:// where TLS is wanted',
  ],
  EHOSTUNREACH: ['no route to the host', 'check the network'],
  ENETUNREACH: ['no route to the network', 'check the network'],
  ETIMEDOUT: ['the host does not answer', 'check the network and the firewall'],
};

/** Whether the broker refused only the version of the protocol. */
export function isWrongVersion(error: unknown): boolean {
  return error instanceof ErrorWithReasonCode && WRONG_VERSION.has(error.code);
}

/** Whether the broker answered and said no. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorWithReasonCode;
}

/** @returns `BROKER_REFUSED` when the broker answered and said no, else `BROKER_UNREACHABLE` */
export function brokerFailure(error: unknown, url: string): UserError {
  if (error instanceof UserError) return error;
  const text = messageOf(error);
  if (error instanceof ErrorWithReasonCode) {
    const hint = BAD_LOGIN.has(error.code)
      ? 'check username and password (or the client certificate), and what the broker allows that user'
      : 'the log of the broker says more';
    return new UserError('BROKER_REFUSED', `${url} refused the login: ${text}`, { hint, cause: error });
  }
  const code = systemCodeOf(error) ?? '';
  if (TLS.test(code)) {
    return new UserError('BROKER_UNREACHABLE', `TLS with ${url} failed: ${text}`, {
      hint: 'ca must name the authority that signed the certificate of the broker, for the host name in url; a broker that wants a client certificate needs cert and key',
      cause: error,
    });
  }
  const [reason, hint] = SYSTEM[code] ?? [
    text,
    'check that url names an MQTT broker, with mqtts:// where it wants TLS and mqtt:// where it does not',
  ];
  return new UserError('BROKER_UNREACHABLE', `no broker answers at ${url}: ${reason}`, { hint, cause: error });
}
