/** Why a download failed, in words: what happened, and what to do. */
import { messageOf, systemCodeOf, UserError } from '../../core/errors.js';
import type { PartFile } from './part-file.js';

/** Without the query, which may hold a key. */
export function describeUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}

export function httpError(url: URL, status: number, text: string): UserError {
  return new UserError('DOWNLOAD', `${describeUrl(url)} answers ${status} ${text}`.trimEnd(), {
    hint:
      status === 404 || status === 410
        ? 'the address is wrong or the file is gone; `kioku models list` shows what is known'
        : status === 401 || status === 403
          ? 'the server wants a login or refuses you; download the file by other means and unpack it yourself'
          : 'try again later',
  });
}

/** By the code of the error or of its cause: what happened. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up: is this machine online?',
  ECONNREFUSED: 'nothing listens at that address',
  ECONNRESET: 'the connection broke',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'there is no network',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_CONNECT_TIMEOUT: 'the server does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'the server does not answer',
  UND_ERR_BODY_TIMEOUT: 'the server stopped sending',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection broke',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired: is the clock of this machine right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the server is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the server is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the server is not trusted',
};

/** @param error what `fetch` or the reading of its body threw */
export function explainFailure(error: unknown, url: URL, part: PartFile, signal: AbortSignal): UserError {
  const continues = part.validator !== undefined;
  const hint = continues
    ? `run the same command again to go on at ${(part.bytes / 1e6).toFixed(1)} MB`
    : 'check the address and the network, and run the same command again';
  if (signal.aborted) return stopped(hint, error);
  return new UserError('DOWNLOAD', `${describeUrl(url)}: ${reasonOf(error)}`, { hint, cause: error });
}

/** The user had enough. */
export function stopped(hint: string, cause: unknown): UserError {
  return new UserError('DOWNLOAD', 'stopped', { hint, cause });
}

/** @param cause the system's error */
export function diskError(path: string, cause: unknown): UserError {
  return new UserError('DISK', `cannot write ${path}: ${messageOf(cause)}`, {
    hint:
      systemCodeOf(cause) === 'ENOSPC'
        ? 'free some space and run the command again'
        : 'check the path and its permissions',
    cause,
  });
}

/** `fetch` wraps what happened; the innermost error tells the most. */
function reasonOf(error: unknown): string {
  let innermost = error;
  for (let next = error; next instanceof Error; next = next.cause) {
    const known = REASONS[systemCodeOf(next) ?? ''];
    if (known !== undefined) return known;
    innermost = next;
  }
  return messageOf(innermost);
}
