/**
 * undici 7 ends the process with an assertion when a server closes the connection behind a body whose reader is a step
 * behind (https://github.com/nodejs/undici/issues/5360, mended in undici 8, which needs Node 22). So the last bytes of a
 * body are taken without a pause; before them, pauses keep what is in memory small.
 */
import type { Dispatcher } from 'undici';

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;
type Headers = Parameters<NonNullable<Handler['onResponseStart']>>[2];
type Socket = Parameters<NonNullable<Handler['onRequestUpgrade']>>[3];

export function unpausedEnd(dispatch: Dispatcher['dispatch']): Dispatcher['dispatch'] {
  return (options, handler) => dispatch(options, new UnpausedEnd(handler));
}

class UnpausedEnd implements Handler {
  /** Bytes of the body that are still to come. */
  #left = 0;

  constructor(private readonly handler: Handler) {}

  onRequestStart(controller: Controller, context: unknown): void {
    this.handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(controller: Controller, status: number, headers: Headers, socket: Socket): void {
    this.handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message?: string): void {
    this.#left = bodyBytes(headers);
    this.handler.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#left -= chunk.length;
    this.handler.onResponseData?.(controller, chunk);
    if (this.#left <= 0) controller.resume();
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    this.handler.onResponseError?.(controller, error);
  }
}

/** @returns 0 where only the end of the connection ends the body: any bytes may be the last */
function bodyBytes(headers: Headers): number {
  // Behind the last chunk comes a mark, which waits in the socket, and with it the end of the connection.
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers['content-length'] ?? 0);
}
