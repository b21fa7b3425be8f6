/** The commands of `kioku` and what they have in common: help, version, log level, errors and exit codes. */
import { Command, CommanderError, Option } from 'commander';
import { UserError } from '../core/errors.js';
import { kiokuVersion } from '../core/version.js';
import { register as registerBacktest } from './commands/backtest.js';
import { register as registerCheck } from './commands/check.js';
import { register as registerDemo } from './commands/demo.js';
import { register as registerDevices } from './commands/devices.js';
import { register as registerEvaluate } from './commands/evaluate.js';
import { register as registerInit } from './commands/init.js';
import { register as registerInspect } from './commands/inspect.js';
import { register as registerModels } from './commands/models.js';
import { register as registerRecord } from './commands/record.js';
import { register as registerRun } from './commands/run.js';
import { register as registerSchema } from './commands/schema.js';
import { register as registerTrain } from './commands/train.js';
import { register as registerTranscribe } from './commands/transcribe.js';
import { EXIT, explain, Io, LOG_LEVELS } from './output.js';

/**
 * A command file imports at its top only what describes the command; what does the work it imports when it runs, so that
 * `kioku --help` and `kioku check` do not wait for ONNX Runtime and MQTT.
 */
const COMMANDS = [
  registerDemo,
  registerInit,
  registerRecord,
  registerTrain,
  registerRun,
  registerBacktest,
  registerTranscribe,
  registerEvaluate,
  registerCheck,
  registerInspect,
  registerDevices,
  registerModels,
  registerSchema,
];

/** The whole command line, without side effects until it is parsed. */
export function buildProgram(io: Io): Command {
  const program = new Command('kioku')
    .description(
      'Recurrent nets on endless streams: watches sensors and raises one incident per fault; writes down what is said.',
    )
    .version(kiokuVersion(), '-V, --version', 'print the version')
    .addOption(new Option('--log-level <level>', 'how much to log to stderr').choices(LOG_LEVELS).default('info'))
    .helpOption('-h, --help', 'show help')
    .showSuggestionAfterError()
    .showHelpAfterError('Try --help for the commands and options.')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'kioku: ')),
    })
    .hook('preAction', (root) => {
      io.logLevel = root.opts<{ logLevel: string }>().logLevel;
    })
    .exitOverride();
  for (const register of COMMANDS) register(program, io);
  return program;
}

/**
 * Runs one command line and sets the exit code.
 * @param argv as `process.argv`: program, script, arguments
 */
export async function main(argv: readonly string[]): Promise<void> {
  const io = new Io();
  const release = io.handleSignals();
  try {
    await buildProgram(io).parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error, io);
  } finally {
    release();
  }
}

/** Says what went wrong; commander has already said what it found wrong itself. @returns the exit code */
function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  io.note(`kioku: ${explain(error)}`);
  return error instanceof UserError && error.code === 'ARGUMENT' ? EXIT.usage : EXIT.failure;
}
