/** `kioku run`: the daemon. */
import type { Command } from 'commander';
import { counted } from '../../core/counted.js';
import type { Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('run')
    .description('watch the source of a configuration with its model, until Ctrl-C or the end of the data')
    .argument('<config>', 'YAML configuration')
    .option('--json', 'print events (but scores) as JSON lines instead of text, at the end {type: "summary", …}')
    .action(async (path: string, options: { json?: true }) => run(path, options.json === true, io));
}

async function run(path: string, json: boolean, io: Io): Promise<void> {
  const { loadConfig } = await import('../../config/load.js');
  const config = await loadConfig(path);
  const { Pipeline } = await import('../../pipeline.js');
  const { eventJson } = await import('../../sink/event-json.js');
  const sinks = json ? config.sinks.filter(({ kind }) => kind !== 'console') : config.sinks;
  const pipeline = new Pipeline({ ...config, sinks }, { log: await io.openLog() });
  if (json) {
    pipeline.events.subscribe((events) => {
      for (const event of events) if (event.type !== 'score') io.print(eventJson(event));
    });
  }
  const summary = await pipeline.run(io.signal);
  if (json) io.print(JSON.stringify({ type: 'summary', ...summary }));
  else {
    const { incidents, steps, streams, transcripts } = summary;
    const where = `${counted(steps, 'time step')} of ${counted(streams, 'stream')}`;
    const raised = {
      forecast: `${counted(incidents, 'incident')} in `,
      recognise: `${counted(transcripts, 'transcript')} in `,
      voice: 'listened to ',
    };
    io.note(raised[config.decide.task] + where);
  }
}
