/** `kioku transcribe`: what is said in files, on standard input or at the microphone, as it is said. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../../config/config.js';
import { SAMPLE_FORMATS } from '../../core/pcm-format.js';
import { UserError } from '../../core/errors.js';
import type { Io } from '../output.js';

interface Options {
  readonly model?: string;
  readonly vad?: true;
  readonly json?: true;
  readonly device?: string;
  readonly speed: number | 'full';
  readonly raw?: string;
  readonly rate: number;
  readonly channels: number;
}

const MICROPHONE = 'mic';

export function register(program: Command, io: Io): void {
  program
    .command('transcribe')
    .description('write down what is said in WAV files, on standard input (-) or at the microphone (mic)')
    .argument('<input...>', 'WAV files, - for standard input, or mic')
    .option(
      '--model <model>',
      'folder of a recogniser, or the name of one that was pulled; absent: the only one there is',
    )
    .option('--vad', 'recognise only what is speech (Silero VAD)')
    .option('--json', 'print every event as a JSON line, at the end {type: "summary", …}')
    .option('--device <name>', 'microphone to record, as `kioku devices` lists it')
    .option('--speed <factor>', '1 plays files in real time; absent: as fast as it goes', parseSpeed, 'full')
    .addOption(
      new Option('--raw <format>', 'the input has no header: how its samples are written').choices([...SAMPLE_FORMATS]),
    )
    .option('--rate <hz>', 'sample rate of raw audio', parseCount, 16_000)
    .option('--channels <count>', 'channels of raw audio', parseCount, 1)
    .action(async (inputs: string[], options: Options) => transcribe(inputs, options, io));
}

async function transcribe(inputs: readonly string[], options: Options, io: Io): Promise<void> {
  const { defineConfig } = await import('../../config/load.js');
  const { findRecogniser } = await import('../models/recogniser.js');
  const { Pipeline } = await import('../../pipeline.js');
  const { nodeEngine } = await import('../../step/node-engine.js');
  const { TranscriptView } = await import('../transcript-view.js');
  const { eventJson } = await import('../../sink/event-json.js');
  const config: Config = await defineConfig({
    name: 'transcribe',
    model: await findRecogniser(options.model),
    ...inputOf(inputs, options),
    decide: { kind: 'transcribe', ...(options.vad === undefined ? {} : { vad: {} }) },
    sinks: [],
  });
  const pipeline = new Pipeline(config, { engine: nodeEngine, log: await io.openLog() });
  const view = new TranscriptView(io.stdout, inputs.length > 1);
  // Then they share a line. Elsewhere what is logged does not tear the text.
  if (io.stdout.isTTY && io.stderr.isTTY) io.finishLine = () => view.end();
  pipeline.events.subscribe((events) => {
    for (const event of events) {
      if (options.json === true) io.print(eventJson(event));
      else view.show(event);
    }
  });
  const summary = await pipeline.run(io.signal);
  if (options.json === true) io.print(JSON.stringify({ type: 'summary', ...summary }));
  else view.end();
}

/** The sections of a configuration that say where the audio comes from. */
function inputOf(inputs: readonly string[], options: Options): object {
  const alone = inputs.length === 1 ? inputs[0] : undefined;
  if (alone === undefined && inputs.includes(MICROPHONE)) {
    throw new UserError('ARGUMENT', `${MICROPHONE} cannot be mixed with other inputs`, {
      hint: 'give it alone, or any number of files',
    });
  }
  if (alone === MICROPHONE) {
    return { source: { kind: 'microphone', ...(options.device === undefined ? {} : { device: options.device }) } };
  }
  const { raw, rate, channels, speed } = options;
  const pcm = { format: raw, sampleRateHz: rate, channels };
  const format = raw === undefined ? {} : { format: 'pcm', pcm };
  return { source: { kind: 'audio-files', files: [...inputs], speed, ...format } };
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

function parseSpeed(text: string): Options['speed'] {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number above 0, such as 1.');
  return value;
}
