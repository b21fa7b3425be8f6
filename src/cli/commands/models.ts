/** `kioku models`: published models: what there is, getting one, checking one. */
import type { Command } from 'commander';
import type { Verification } from '../models/verify.js';
import type { RuntimeOptions } from '../../core/runtime.js';
import { EXIT, type Io } from '../output.js';

interface PullFlags {
  readonly to?: string;
  readonly sha256?: string;
  readonly json?: true;
}

export function register(program: Command, io: Io): void {
  const models = program.command('models').description('list, download and check published speech models');
  models
    .command('list')
    .description('show the published models that kioku knows, and which it can run')
    .option('--json', 'print them as JSON')
    .action(async (options: { json?: true }) => list(options.json === true, io));
  models
    .command('pull')
    .description('download a model; an interrupted download goes on where it broke off')
    .argument('<model>', 'name from `kioku models list`, or the address of a .tar.bz2, .tar.gz or .onnx file')
    .option('--to <folder>', 'the model folder to make; absent: models/NAME, or NAME in the data folder of the user')
    .option('--sha256 <hex>', 'what the downloaded file must have as its SHA-256')
    .option('--json', 'print {folder, bytes, sha256, …} at the end')
    .action(async (model: string, flags: PullFlags) => pullModel(model, flags, io));
  models
    .command('verify')
    .description('say what a model is, or every mistake in its files')
    .argument('<model>', 'name of one that was pulled, model folder, or the .onnx file of a voice activity model')
    .option('--json', 'print {kind, description, problems, nets}')
    .action(async (path: string, options: { json?: true }) => {
      const { DEFAULT_RUNTIME } = await import('../../core/runtime.js');
      return verify(path, options, DEFAULT_RUNTIME, io);
    });
}

async function list(json: boolean, io: Io): Promise<void> {
  const { readCatalogue, whyNot } = await import('../models/catalogue.js');
  const { findModel, surroundings } = await import('../models/folders.js');
  const around = surroundings();
  const models = (await readCatalogue()).map(({ name, type, languages, url, note }) => {
    const [folder, reason] = [findModel(name, around), whyNot(type)];
    return { name, type, languages, url, note, folder, runs: reason === undefined, reason };
  });
  if (json) {
    io.printJson(models);
    return;
  }
  const { table } = await import('../table.js');
  const rows = models.map(({ name, type, languages, folder, runs, reason, note }) => [
    name,
    type,
    languages.join(','),
    folder === undefined ? '' : 'yes',
    runs ? 'yes' : 'no',
    [note, reason].filter((text) => text !== undefined && text !== '').join('; '),
  ]);
  io.print(table(['name', 'type', 'languages', 'here', 'runs', 'note'], rows));
}

async function pullModel(what: string, { to, sha256, json }: PullFlags, io: Io): Promise<void> {
  const { STALL_MS } = await import('../models/download.js');
  const { surroundings } = await import('../models/folders.js');
  const { placeOrder, pull } = await import('../models/pull.js');
  const { UNPACK_LIMITS } = await import('../models/unpack.js');
  const { DownloadBar, megabytes } = await import('../download-bar.js');
  const order = await placeOrder(what, { to, sha256 }, surroundings());
  io.note(`pulling ${order.name} into ${order.folder}`);
  const bar = new DownloadBar(io);
  const pulled = await pull(order, {
    signal: io.signal,
    stallMs: STALL_MS,
    limits: UNPACK_LIMITS,
    onProgress: bar.update,
  }).finally(() => bar.stop());
  if (!json) io.print(`${pulled.folder}: ${megabytes(pulled.bytes)}, SHA-256 ${pulled.sha256}`);
  const verification = await verified(
    pulled.folder,
    (await import('../../core/runtime.js')).DEFAULT_RUNTIME,
    false,
    io,
  );
  if (json) io.printJson({ ...pulled, ...verification });
  else io.note(describe(verification));
}

/**
 * @param what path, or name of a model that was pulled
 * @param flags `verify`: each net is also held against onnxruntime-node
 */
export async function verify(
  what: string,
  flags: { readonly json?: true; readonly verify?: true },
  runtime: RuntimeOptions,
  io: Io,
): Promise<void> {
  const { existsSync } = await import('node:fs');
  const { findModel, surroundings } = await import('../models/folders.js');
  const path = existsSync(what) ? what : (findModel(what, surroundings()) ?? what);
  const verification = await verified(path, runtime, flags.verify === true, io);
  if (flags.json) io.printJson(verification);
  else {
    io.print(describe(verification));
    if (verification.nets.length > 0) {
      const { describeRunning } = await import('../models/running.js');
      io.print(describeRunning(verification.nets));
    }
  }
  if (verification.problems.length > 0) process.exitCode = EXIT.failure;
}

async function verified(path: string, runtime: RuntimeOptions, compare: boolean, io: Io): Promise<Verification> {
  const { verifyModel } = await import('../models/verify.js');
  const { runner } = await import('../models/running.js');
  return verifyModel(path, await runner(runtime, await io.openLog(), compare));
}

function describe({ path, description, problems }: Verification): string {
  const mistakes = problems.map(({ message, hint }) => `  ${message}${hint === undefined ? '' : ` (${hint})`}`);
  if (mistakes.length > 0) return [`kioku cannot run ${path}:`, ...mistakes].join('\n');
  return `${path} is ${description}`;
}
