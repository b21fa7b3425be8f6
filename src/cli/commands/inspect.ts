/** `kioku inspect`: what a model is, what it was trained on and how good it is. */
import type { Command } from 'commander';
import type { Io } from '../output.js';
import { verify } from './models.js';

export function register(program: Command, io: Io): void {
  program
    .command('inspect')
    .description('show what a model is: signature, size, what it was trained on, how good it is')
    .argument('<model>', 'model folder, or an .onnx file; of a published recogniser, what kioku models verify says')
    .option('--json', 'print it as JSON')
    .action(async (path: string, options: { json?: true }) => {
      const { isRecogniser } = await import('../models/recogniser.js');
      if (isRecogniser(path)) return verify(path, options.json === true, io);
      const { inspectModel, describeModel } = await import('../inspection.js');
      const inspection = await inspectModel(path);
      if (options.json) io.printJson(inspection);
      else io.print(describeModel(inspection));
    });
}
