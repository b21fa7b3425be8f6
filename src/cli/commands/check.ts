/** `kioku check`: every mistake of a configuration at once. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import { EXIT, type Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('check')
    .description('check a configuration and list every mistake in it')
    .argument('<config>', 'YAML configuration')
    .option('--json', 'print {valid, problems: [{path, line, column, reason, hint}]} or {valid, config}')
    .action(async (path: string, options: { json?: true }) => {
      const { loadConfig } = await import('../../config/load.js');
      const { ConfigError } = await import('../../config/problems.js');
      try {
        const config = await loadConfig(path);
        if (options.json) io.printJson({ valid: true, config });
        else io.print(`${path} is valid: ${config.source.kind} source, ${modelOf(config)}`);
      } catch (error) {
        if (!(error instanceof ConfigError) || !options.json) throw error;
        io.printJson({ valid: false, problems: error.problems });
        process.exitCode = EXIT.failure;
      }
    });
}

function modelOf({ decide, model }: Config): string {
  if (decide.task === 'voice') return 'model that comes with kioku';
  if (decide.task === 'forecast' || existsSync(model)) return `model in ${model}`;
  return `but there is no ${model} yet: \`kioku models pull NAME\` fetches a recogniser, \`kioku models list\` has the names`;
}
