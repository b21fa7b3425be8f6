/** A web server with one file and the bad habits of real ones. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export class FileServer {
  content: Buffer = Buffer.alloc(0);
  etag: string | undefined = '"v1"';
  lastModified: string | undefined;
  ranges = true;
  /** The connection is closed behind each answer, as by HTTP/1.0. */
  closes = false;
  /** Without it, only the end of the connection ends the body. */
  length = true;
  /** So many bytes of a body are sent; then the connection breaks, or nothing more comes. */
  breakAfter = Number.POSITIVE_INFINITY;
  stallAfter = Number.POSITIVE_INFINITY;
  status: number | undefined;
  redirect: string | undefined;
  /** `Range` of each request, in order. */
  readonly asked: (string | undefined)[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** On a free port, until the test is over. */
  static async start(): Promise<FileServer> {
    const server = new FileServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    onTestFinished(async () => server.stop());
    return server;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${path}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(request.headers.range);
    if (this.redirect !== undefined) {
      response.writeHead(302, { location: this.redirect }).end();
      return;
    }
    if (this.status !== undefined) {
      response.writeHead(this.status).end('sorry');
      return;
    }
    const { start, code } = this.#range(request);
    if (this.etag !== undefined) response.setHeader('etag', this.etag);
    if (this.lastModified !== undefined) response.setHeader('last-modified', this.lastModified);
    const size = this.content.length;
    if (code === 416) {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return;
    }
    if (code === 206) response.setHeader('content-range', `bytes ${start}-${size - 1}/${size}`);
    const body = this.content.subarray(start);
    if (this.closes) response.shouldKeepAlive = false;
    if (!this.length) response.removeHeader('transfer-encoding');
    response.writeHead(code, this.length ? { 'content-length': body.length } : {});
    if (this.breakAfter < body.length) {
      response.write(body.subarray(0, this.breakAfter), () => response.destroy());
    } else if (this.stallAfter < body.length) response.write(body.subarray(0, this.stallAfter));
    else response.end(body);
  }

  #range({ headers }: IncomingMessage): { readonly start: number; readonly code: 200 | 206 | 416 } {
    const same = headers['if-range'] === this.etag || headers['if-range'] === this.lastModified;
    if (!this.ranges || headers.range === undefined || !same) return { start: 0, code: 200 };
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range)?.[1]);
    return start < this.content.length ? { start, code: 206 } : { start: 0, code: 416 };
  }
}
