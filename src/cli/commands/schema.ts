/** `kioku schema`: what a configuration may hold, for editors (JSON Schema) and for people (Markdown). */
import type { Command } from 'commander';
import type { Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration')
    .option('--markdown', 'print it as a reference page instead (docs/configuration.md)')
    .action(async (options: { markdown?: true }) => {
      const { jsonSchema } = await import('../../config/schema.js');
      const schema = await jsonSchema();
      if (options.markdown) {
        const { schemaPage } = await import('../../config/schema-page.js');
        io.stdout.write(schemaPage(schema));
      } else io.printJson(schema);
    });
}
