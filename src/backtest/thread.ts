/** Entry of a thread of a backtest: judges the files that it is given, one after the other. */
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { RuntimeOptions } from '../core/runtime.js';
import { BugError, UserError } from '../core/errors.js';
import { silentLog } from '../core/log.js';
import { postedError, type PostedError } from '../core/thread.js';
import { openEngine } from '../step/open-engine.js';
import { backtestFile, type FileResult } from './backtest-file.js';
import { baselineEngine } from './baseline-net.js';
import type { BacktestFile } from './data-files.js';
import type { BacktestSetting } from './file-config.js';

export interface ThreadInput {
  readonly setting: BacktestSetting;
  readonly runtime: RuntimeOptions;
}

export type ToThread = { readonly type: 'file'; readonly file: BacktestFile } | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly result: FileResult }
  /** The file cannot be judged; the thread is ready for the next one. */
  | { readonly type: 'refused'; readonly error: PostedError }
  /** The thread cannot work at all. */
  | { readonly type: 'failed'; readonly error: PostedError };

async function serve({ setting, runtime }: ThreadInput, port: MessagePort): Promise<void> {
  const post = (message: FromThread): void => port.postMessage(message);
  const stopping = new AbortController();
  try {
    const { baseline } = setting;
    const engine = baseline === undefined ? await openEngine(runtime, silentLog) : baselineEngine(baseline);
    port.on('message', (message: ToThread) => {
      if (message.type === 'close') {
        stopping.abort();
        return port.close();
      }
      backtestFile(message.file, setting, engine, stopping.signal).then(
        (result) => post({ type: 'done', result }),
        (error: unknown) => {
          if (stopping.signal.aborted) return;
          // A defect ends the thread, and is told with its stack.
          if (!(error instanceof UserError)) throw error;
          post({ type: 'refused', error: postedError(error) });
        },
      );
    });
    post({ type: 'ready' });
  } catch (error) {
    post({ type: 'failed', error: postedError(error) });
    port.close();
  }
}

const port = parentPort;
if (isMainThread || port === null) throw new BugError('thread.ts is the entry of a worker thread');
await serve(workerData as ThreadInput, port);
