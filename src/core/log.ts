/** The part of a logger that stages use; pino fits it. Fields first, then a message that stands alone. */

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

const nothing: Write = () => {};

/** Discards everything; the default of the library. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
