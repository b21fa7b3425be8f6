/** One file over HTTP into a part file: continued where it broke off, never waiting for ever, through the proxy if there is one. */
import { EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from 'undici';
import { UserError } from '../../core/errors.js';
import { kiokuVersion } from '../../core/version.js';
import { describeUrl, explainFailure, httpError } from './download-error.js';
import type { PartFile, PartNote } from './part-file.js';
import { unpausedEnd } from './unpaused-end.js';

/** Without a byte for so long, the server is taken for dead. */
export const STALL_MS = 30_000;

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly stallMs: number;
  /** @param total bytes in all; undefined when the server does not say */
  readonly onProgress: (bytes: number, total: number | undefined) => void;
}

/**
 * Afterwards `part` is complete (and open). A connection that breaks is taken up again as long as each brings something;
 * `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are followed.
 * @throws UserError `DOWNLOAD`; then `part` holds what came, if it can be continued. `DISK`
 */
export async function download(url: URL, part: PartFile, options: DownloadOptions): Promise<void> {
  const { stallMs } = options;
  const agent = new EnvHttpProxyAgent({
    headersTimeout: stallMs,
    bodyTimeout: stallMs,
    connect: { timeout: stallMs },
  });
  const dispatcher = agent.compose(unpausedEnd);
  try {
    for (;;) {
      const before = part.bytes;
      try {
        if (await fetchRest(url, part, dispatcher, options)) return;
      } catch (error) {
        if (error instanceof UserError) throw error;
        if (options.signal.aborted || part.bytes <= before) throw explainFailure(error, url, part, options.signal);
      }
    }
  } finally {
    await agent.destroy();
  }
}

/** @returns false when it has to be asked for again, from the start */
async function fetchRest(
  url: URL,
  part: PartFile,
  dispatcher: Dispatcher,
  { signal, onProgress }: DownloadOptions,
): Promise<boolean> {
  const { validator } = part;
  const response = await fetch(url, { headers: headersFor(part.bytes, validator), signal, dispatcher });
  if (url.protocol === 'https:' && !response.url.startsWith('https:')) {
    throw new UserError('DOWNLOAD', `${describeUrl(url)} leads to an unencrypted address`, {
      hint: 'give that address itself if you trust it, with --sha256',
    });
  }
  const { status } = response;
  const [start, size] = contentRange(response);
  const continued = validator !== undefined && status === 206 && start === part.bytes;
  if (validator !== undefined && !continued && (status === 206 || status === 416)) {
    await response.body?.cancel();
    // Nothing comes behind the last byte: only the unpacking was interrupted.
    if (status === 416 && size === part.bytes) return true;
    // What is there does not fit what the server has.
    await part.begin(undefined);
    return false;
  }
  if ((!continued && status !== 200) || response.body === null) {
    await response.body?.cancel();
    throw httpError(url, status, response.statusText);
  }
  if (!continued) await part.begin(noteOf(url, response));
  const length = integerIn(response.headers.get('content-length'));
  const total = length === undefined ? undefined : part.bytes + length;
  onProgress(part.bytes, total);
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    await part.append(chunk);
    onProgress(part.bytes, total);
  }
  return true;
}

/** @param validator of the version that `bytes` bytes are there of; undefined: begin anew */
function headersFor(bytes: number, validator: string | undefined): Record<string, string> {
  const always = { 'user-agent': `kioku/${kiokuVersion()}`, 'accept-encoding': 'identity' };
  return validator === undefined ? always : { ...always, range: `bytes=${bytes}-`, 'if-range': validator };
}

/** @returns first byte and size of the whole, as far as the server says */
function contentRange({ headers }: Response): readonly [start: number | undefined, size: number | undefined] {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  return [integerIn(match?.[1]), integerIn(match?.[2])];
}

function integerIn(text: string | null | undefined): number | undefined {
  return text !== undefined && text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** @returns undefined when the server says nothing by which the same version could be told later */
function noteOf(url: URL, { headers }: Response): PartNote | undefined {
  const etag = headers.get('etag');
  // A weak one (W/) does not promise the same bytes.
  const validator = etag?.startsWith('"') ? etag : headers.get('last-modified');
  return validator === null ? undefined : { url: describeUrl(url), validator };
}
