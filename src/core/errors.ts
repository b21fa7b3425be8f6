/** Typed errors: what a user can mend (`UserError`) and what only we can (`BugError`). */

/** Every code, with what it means; `docs/errors.md` is proved equal to this table by a test. */
export const ERROR_CODES = {
  ARGUMENT: 'a command line argument or option is wrong',
  CONFIG_INVALID: 'the configuration has mistakes; each is listed with its path, the reason and a hint',
  CONFIG_MISSING: 'the configuration file cannot be read',
  SECRET_MISSING: 'a file or environment variable that should hold a secret is absent or empty',
  TOPIC_TEMPLATE: 'a topic template is malformed',
  BROKER_REFUSED: 'the broker refused the login or the subscription',
  BROKER_UNREACHABLE: 'no broker answers at the address, or its certificate is not trusted',
  BROKER_PORT: 'the embedded broker cannot listen on its port',
  DATA_MISSING: 'a data file cannot be read',
  DATA_INVALID: 'a data file is not in the format that was asked for',
  DATA_TOO_LARGE: 'a data file has more rows than there is memory for',
  LABELS: 'labels are malformed, or do not fit the data they are for',
  AUDIO_INVALID: 'a file is not audio of the format that was asked for, or it is damaged',
  DATA_TOO_SHORT: 'there is too little data to learn from',
  CAPTURE: 'the microphone cannot be recorded',
  MODEL_MISSING: 'the model folder or a file in it is absent',
  MODEL_INVALID: 'a model file is damaged or not what the card says',
  HOTWORD: 'the tokens of the model cannot spell a hotword, or a phrase of the vocabulary',
  KEYWORD: 'the model cannot spot a keyword: its tokens cannot spell it, or it is no CTC model',
  DOWNLOAD: 'a model could not be downloaded or unpacked',
  CARD_MISMATCH: 'the card (model.json) does not belong to the model or does not fit the configuration',
  SNAPSHOT_INVALID: 'a saved state has another version, size or model',
  DISK: 'a file cannot be written (no space, no permission)',
  PLATFORM: 'this machine cannot run kioku',
  TRAINING: 'training went wrong (the loss is not a number)',
  TELEMETRY: 'ONNX Runtime would phone home, because it was started in a worker before the main thread forbade it',
  ENGINE: 'ONNX Runtime reported an error while running a model, or two engines do not agree about it',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

interface Details {
  /** What to do about it, one sentence without a full stop. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A mistake or a circumstance that the user can change. The message says what, the hint what to do. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly hint: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: Details = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.hint = details.hint;
  }
}

/** Something that cannot happen unless kioku has a defect. */
export class BugError extends Error {
  override readonly name: string = 'BugError';
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What `require` did not find, without its list of who asked for it. */
export function requireMessageOf(thrown: unknown): string {
  return messageOf(thrown).split('\nRequire stack:', 1)[0];
}

/** The system error code (`ENOENT`, `ENOSPC`, …) of anything that was thrown. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
