/** `kioku run`: the daemon. */
import type { Command } from 'commander';
import type { Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('run')
    .description('watch the source of a configuration with its model, until Ctrl-C or the end of the data')
    .argument('<config>', 'YAML configuration')
    .option('--json', 'print {packets, steps, streams, incidents, counters} at the end')
    .action(async (path: string, options: { json?: true }) => {
      const { loadConfig } = await import('../../config/load.js');
      const config = await loadConfig(path);
      const { Pipeline } = await import('../../pipeline.js');
      const { nodeEngine } = await import('../../step/node-engine.js');
      const pipeline = new Pipeline(config, { engine: nodeEngine, log: await io.openLog() });
      const summary = await pipeline.run(io.signal);
      if (options.json) io.printJson(summary);
      else io.note(`${summary.incidents} incidents in ${summary.steps} steps of ${summary.streams} streams`);
    });
}
