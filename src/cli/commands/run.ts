/** `kioku run`: the daemon. */
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import { counted } from '../../core/counted.js';
import { UserError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { Io } from '../output.js';

interface Flags {
  readonly json?: true;
  readonly verify?: true;
}

export function register(program: Command, io: Io): void {
  program
    .command('run')
    .description('watch the source of a configuration with its model, until Ctrl-C or the end of the data')
    .argument('<config>', 'YAML configuration')
    .option('--verify', 'first step the model also with onnxruntime-node; when the results differ, that serves')
    .option('--json', 'print events (but scores) as JSON lines instead of text, at the end {type: "summary", …}')
    .action(async (path: string, flags: Flags) => run(path, flags, io));
}

async function run(path: string, flags: Flags, io: Io): Promise<void> {
  const json = flags.json === true;
  const { loadConfig } = await import('../../config/load.js');
  const written = await loadConfig(path);
  const log = await io.openLog();
  const config = flags.verify === true ? await verified(written, log) : written;
  const { Pipeline } = await import('../../pipeline.js');
  const { eventJson } = await import('../../sink/event-json.js');
  const sinks = json ? config.sinks.filter(({ kind }) => kind !== 'console') : config.sinks;
  const pipeline = new Pipeline({ ...config, sinks }, { log });
  if (json) {
    pipeline.events.subscribe((events) => {
      for (const event of events) if (event.type !== 'score') io.print(eventJson(event));
    });
  }
  const summary = await pipeline.run(io.signal);
  if (json) io.print(JSON.stringify({ type: 'summary', ...summary }));
  else {
    const { incidents, keywords, steps, streams, transcripts } = summary;
    const where = `${counted(steps, 'time step')} of ${counted(streams, 'stream')}`;
    const raised = {
      forecast: `${counted(incidents, 'incident')} in `,
      recognise: `${config.decide.kind === 'keywords' ? counted(keywords, 'keyword') : counted(transcripts, 'transcript')} in `,
      voice: 'listened to ',
    };
    io.note(raised[config.decide.task] + where);
  }
}

/** Compares the engines on the configuration's own nets. */
async function verified(config: Config, log: Log): Promise<Config> {
  const { withNodeEngine } = await import('../../config/node-engine.js');
  const { openNets } = await import('../models/verify.js');
  const { runner } = await import('../models/running.js');
  const { sileroModel } = await import('../../step/silero.js');
  const { decide, model, runtime } = config;
  const nets = decide.task === 'voice' ? [(await sileroModel()).model] : (await openNets(model)).nets;
  try {
    const run = await runner(runtime, log, true);
    for (const net of nets) log.info({ ...(await run(net)) }, 'the engines agree');
    return config;
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'ENGINE') throw error;
    log.warn({ reason: error.message, hint: error.hint }, 'onnxruntime-node serves');
    return withNodeEngine(config);
  }
}
