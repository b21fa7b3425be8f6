/** `kioku inspect`: what a model is, what it was trained on and how good it is. */
import type { Command } from 'commander';
import type { Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('inspect')
    .description('show what a model is: signature, size, what it was trained on, how good it is')
    .argument('<model>', 'model folder, or an .onnx file')
    .option('--json', 'print it as JSON')
    .action(async (path: string, options: { json?: true }) => {
      const { inspectModel, describeModel } = await import('../inspection.js');
      const inspection = await inspectModel(path);
      if (options.json) io.printJson(inspection);
      else io.print(describeModel(inspection));
    });
}
