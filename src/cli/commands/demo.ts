/** `kioku demo` (= `npm start`): the main job on this machine's own load in two minutes, or (`listen`) spoken digits. */
import { Argument, Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { parseDuration } from '../duration.js';
import type { DemoOptions } from '../demo/demo.js';
import type { ListenOptions } from '../demo/listen.js';
import { EXIT, type Io } from '../output.js';

interface Options extends DemoOptions, ListenOptions {
  readonly listen?: true;
}

/** Options that only one of the demos has. */
const OF_LOAD = { learn: '--learn', watch: '--watch', burn: '--no-burn' };
const OF_LISTEN = { sample: '--sample', device: '--device' };

export function register(program: Command, io: Io): void {
  program
    .command('demo')
    .description("learn this machine's own load over MQTT, watch it, cause a CPU burn, raise the incident; or listen")
    .addArgument(
      new Argument('[what]', "load: this machine's own load; listen: spoken digits; absent: load").choices([
        'load',
        'listen',
      ]),
    )
    .option('--listen', 'the same as `kioku demo listen`: digits from the microphone, or else from a sample')
    .addOption(
      new Option('--learn <duration>', 'how long to listen before training')
        .argParser(parseDuration)
        .default(60_000, '60s'),
    )
    .addOption(
      new Option('--watch <duration>', 'how long to watch before the burn')
        .argParser(parseDuration)
        .default(30_000, '30s'),
    )
    .option('--no-burn', 'leave it to you to make the machine busy')
    .option('--sample', 'with listen: play the sample, also where there is a microphone')
    .option('--device <name>', 'with listen: microphone to record, as `kioku devices` lists it')
    .option(
      '--once',
      'end when the incident of the burn has ended, of listen after the sample or a pause behind digits; exit code 1 if there were none',
    )
    .option('--json', 'print the figures as JSON at the end')
    .action(async (what: string | undefined, options: Options, command: Command) => {
      const listens = what === 'listen' || options.listen === true;
      const wrong = mistake(what, options, listens, command);
      if (wrong !== undefined) throw wrong;
      await (listens ? listen(options, io) : watchLoad(options, io));
    });
}

async function watchLoad(options: DemoOptions, io: Io): Promise<void> {
  const { runDemo } = await import('../demo/demo.js');
  const result = await runDemo(options, io);
  if (options.json) io.printJson(result);
  if (options.once && !io.signal.aborted && result.endedAfterMs === undefined) process.exitCode = EXIT.failure;
}

async function listen(options: ListenOptions, io: Io): Promise<void> {
  const { runListenDemo } = await import('../demo/listen.js');
  const result = await runListenDemo(options, io);
  if (options.json) io.printJson(result);
  if (options.once && !io.signal.aborted && result.heard.length === 0) process.exitCode = EXIT.failure;
}

function mistake(
  what: string | undefined,
  options: Options,
  listens: boolean,
  command: Command,
): UserError | undefined {
  const { sample, device, listen: wantsListen } = options;
  if (what === 'load' && wantsListen) {
    return new UserError('ARGUMENT', '--listen is the other demo', { hint: 'leave load or --listen out' });
  }
  if (sample && device !== undefined) {
    return new UserError('ARGUMENT', '--sample plays a sample, --device names a microphone', {
      hint: 'leave one of them out',
    });
  }
  const others = Object.entries(listens ? OF_LOAD : OF_LISTEN);
  const foreign = others.find(([name]) => command.getOptionValueSource(name) === 'cli');
  if (foreign === undefined) return undefined;
  return new UserError('ARGUMENT', `${foreign[1]} is for the ${listens ? 'demo of the load' : 'demo that listens'}`, {
    hint: listens ? 'leave it out' : 'leave it out, or call `kioku demo listen`',
  });
}
