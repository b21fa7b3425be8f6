/** `kioku record`: the feed as it comes, into a file that `train` and the replay source read, or audio into WAV clips. */
import type { Command } from 'commander';
import { parseDuration } from '../duration.js';
import type { Io } from '../output.js';

interface Options {
  readonly for?: number;
  readonly out?: string;
  readonly json?: true;
}

const FLUSH_EVERY_MS = 1000;

export function register(program: Command, io: Io): void {
  program
    .command('record')
    .description('store what the source of a configuration sends, as JSON Lines; audio as WAV clips')
    .argument('<config>', 'YAML configuration')
    .option('--for <duration>', 'how long, such as 1h; absent: until Ctrl-C', parseDuration)
    .option('--out <path>', 'file (of audio: folder) to write to; absent: NAME-DATE in the working directory')
    .option('--json', 'print {file, messages} or {folder, clips, seconds} at the end')
    .action(async (path: string, options: Options) => record(path, options, io));
}

async function record(path: string, options: Options, io: Io): Promise<void> {
  const { loadConfig } = await import('../../config/load.js');
  const { DropReport } = await import('../../drop-report.js');
  const { takePackets } = await import('../../intake.js');
  const { contextOf } = await import('../../stage-context.js');
  const { ListeningBar } = await import('../listening-bar.js');
  const { openRecorder } = await import('../recorders.js');
  const config = await loadConfig(path);
  const log = await io.openLog();
  const full = new AbortController();
  const context = contextOf(config, { log });
  const recorder = await openRecorder(config, context, options.out);
  io.note(`recording to ${recorder.path}${options.for === undefined ? ' until Ctrl-C' : ''}`);
  const bar = new ListeningBar(io, options.for);
  let failure: unknown;
  const failed = (error: unknown): void => {
    failure ??= error;
    full.abort();
  };
  // So that a power cut costs a second, not the last 64 kB.
  const flushing = setInterval(() => void recorder.flush().catch(failed), FLUSH_EVERY_MS);
  try {
    await takePackets(config, {
      context,
      signal: AbortSignal.any([io.signal, full.signal]),
      ...(options.for === undefined ? {} : { forMs: options.for }),
      onPackets: (packets) => {
        bar.update(packets.length);
        return recorder.append(packets).catch(failed);
      },
    });
  } finally {
    bar.stop();
    clearInterval(flushing);
    await recorder.close().catch(failed);
    const drops = new DropReport(context.counters, log);
    drops.report();
    drops.stop();
  }
  if (failure !== undefined) throw failure;
  if (options.json) io.printJson(recorder.result());
  else io.print(recorder.describe());
}
