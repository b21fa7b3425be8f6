/** `kioku demo` (= `npm start`): the main job on this machine's own load, start to end in two minutes. */
import { Option, type Command } from 'commander';
import { parseDuration } from '../duration.js';
import type { DemoOptions } from '../demo/demo.js';
import { EXIT, type Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('demo')
    .description("learn this machine's own load over MQTT, watch it, cause a CPU burn, raise the incident")
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
    .option('--once', 'end when the incident of the burn has ended; exit code 1 if there was none')
    .option('--json', 'with --once: print {incidentsBeforeBurn, openedAfterMs, endedAfterMs} at the end')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../demo/demo.js');
      const result = await runDemo(options, io);
      if (options.json) io.printJson(result);
      if (options.once && !io.signal.aborted && result.endedAfterMs === undefined) process.exitCode = EXIT.failure;
    });
}
