/**
 * A model that nobody has proved may be damaged in a way that ONNX Runtime does not notice: then it ends the process in
 * which it is opened. So it is first opened and stepped in a process of its own, where a crash is an error message here.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { messageOf, UserError } from '../core/errors.js';
import { receivedError, startProcess } from '../core/thread.js';
import { disableTelemetry } from './telemetry.js';
import type { TrialAnswer, TrialOrder } from './trial-child.js';

/** A small board needs seconds to start Node; a memory card reads this many bytes a millisecond even on a bad day. */
const LEAST_LIMIT_MS = 60_000;
const BYTES_PER_MS = 4_000;

/** Of what the process wrote to standard error: the end, where ONNX Runtime says why it gave up. */
const LAST_WORDS = 300;

const HINT =
  'the file is damaged, or this build of ONNX Runtime cannot run it: copy or download it again, or choose another engine or provider under `runtime`';

/** How the process ended. */
interface Ending {
  readonly answer: TrialAnswer | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was ended because it took too long. */
  readonly late: boolean;
  readonly lastWords: string;
}

/**
 * Opens and steps the model once in a child process.
 * @param bytes size of the model
 * @param limitMs absent: a minute, and more for a large file
 * @throws UserError as the engine in the child; `MODEL_INVALID` when the child crashed or took too long, `ENGINE` when
 *   it was ended from outside
 */
export async function tryModel(
  order: TrialOrder,
  bytes: number,
  limitMs = LEAST_LIMIT_MS + bytes / BYTES_PER_MS,
): Promise<void> {
  // The child inherits it.
  disableTelemetry();
  const child = startProcess(import.meta.url, 'trial-child', { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  child.send(order, () => {
    // A child that cannot be reached has ended, which is noticed below.
  });
  const { answer, code, signal, late, lastWords } = await endOf(child, limitMs);
  const { path } = order.model;
  if (late) {
    const seconds = Math.round(limitMs / 1000);
    throw new UserError('MODEL_INVALID', `${path}: opening it and two steps took longer than ${seconds} s`, {
      hint: HINT,
    });
  }
  if (signal === 'SIGINT' || signal === 'SIGTERM') {
    throw new UserError('ENGINE', `${path} was being tried when ${signal} ended it`);
  }
  if (answer?.error !== undefined) throw receivedError(answer.error);
  if (answer !== undefined && code === 0) return;
  const how = signal ?? `exit code ${code}`;
  const why = lastWords === '' ? '' : `: ${lastWords}`;
  throw new UserError('MODEL_INVALID', `${path} crashes ONNX Runtime (${how}), as was tried in another process${why}`, {
    hint: signal === 'SIGKILL' ? `the system ended it, mostly for want of memory; else ${HINT}` : HINT,
  });
}

async function endOf(child: ChildProcess, limitMs: number): Promise<Ending> {
  let answer: TrialAnswer | undefined;
  let lastWords = '';
  let late = false;
  child.on('message', (message: TrialAnswer) => {
    answer = message;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limitMs);
  try {
    await once(child, 'close');
  } catch (cause) {
    throw new UserError('ENGINE', `no process can be started in which a model is tried: ${messageOf(cause)}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
  return { answer, code: child.exitCode, signal: child.signalCode, late, lastWords: lastWords.trim() };
}
