/** Entry of a thread of a backtest: judges the files that it is given, one after the other. */
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Engine } from '../core/contracts.js';
import { BugError, UserError } from '../core/errors.js';
import { silentLog } from '../core/log.js';
import { postedError, type PostedError } from '../core/thread.js';
import { openEngine } from '../step/open-engine.js';
import { backtestFile, type FileResult } from './backtest-file.js';
import type { BacktestFile } from './data-files.js';
import type { BacktestSetting } from './file-config.js';

export interface ThreadInput {
  readonly settings: readonly BacktestSetting[];
}

export type ToThread = { readonly type: 'file'; readonly file: BacktestFile } | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'ready' }
  /** As of `backtestFile`. */
  | { readonly type: 'done'; readonly results: readonly FileResult[] }
  /** The file cannot be judged; the thread is ready for the next one. */
  | { readonly type: 'refused'; readonly error: PostedError }
  /** The thread cannot work at all. */
  | { readonly type: 'failed'; readonly error: PostedError };

async function serve({ settings }: ThreadInput, port: MessagePort): Promise<void> {
  const post = (message: FromThread): void => port.postMessage(message);
  const stopping = new AbortController();
  try {
    const engineOf = await openEngines(settings);
    port.on('message', (message: ToThread) => {
      if (message.type === 'close') {
        stopping.abort();
        return port.close();
      }
      backtestFile(message.file, settings, engineOf, stopping.signal).then(
        (results) => post({ type: 'done', results }),
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

/** One engine for all settings that want the same. */
async function openEngines(settings: readonly BacktestSetting[]): Promise<(setting: BacktestSetting) => Engine> {
  const engines = new Map<string, Engine>();
  const bySetting = new Map<BacktestSetting, Engine>();
  for (const setting of settings) {
    const key = JSON.stringify(setting.runtime);
    const engine = engines.get(key) ?? (await openEngine(setting.runtime, silentLog));
    engines.set(key, engine);
    bySetting.set(setting, engine);
  }
  return (setting) => {
    const engine = bySetting.get(setting);
    if (engine === undefined) throw new BugError(`no engine was opened for ${setting.title}`);
    return engine;
  };
}

const port = parentPort;
if (isMainThread || port === null) throw new BugError('thread.ts is the entry of a worker thread');
await serve(workerData as ThreadInput, port);
