/** `kioku transcribe`: what is said in files, on standard input or at the microphone, as it is said. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../../config/config.js';
import { SAMPLE_FORMATS } from '../../core/pcm-format.js';
import { UserError } from '../../core/errors.js';
import type { Io } from '../output.js';
import { addSearchOptions, decideOf, parseCount, requireSearch, type SearchOptions } from '../search-options.js';

interface Options extends SearchOptions {
  readonly model?: string;
  readonly json?: true;
  readonly device?: string;
  readonly speed: number | 'full';
  readonly raw?: string;
  readonly rate?: number;
  readonly channels?: number;
}

const MICROPHONE = 'mic';
const STDIN = '-';

export function register(program: Command, io: Io): void {
  const command = program
    .command('transcribe')
    .description('write down what is said in WAV files, on standard input (-) or at the microphone (mic)')
    .argument('<input...>', 'WAV files, - for standard input, or mic')
    .option(
      '--model <model>',
      'folder of a recogniser, or the name of one that was pulled; absent: the only one there is',
    )
    .option('--json', 'print every event as a JSON line, at the end {type: "summary", …}')
    .option('--device <name>', 'microphone to record, as `kioku devices` lists it')
    .option('--speed <factor>', '1 plays files in real time; absent: as fast as it goes', parseSpeed, 'full')
    .addOption(
      new Option('--raw <format>', 'the input has no header: how its samples are written').choices([...SAMPLE_FORMATS]),
    )
    .option('--rate <hz>', 'sample rate of raw audio; absent: 16000', parseCount)
    .option('--channels <count>', 'channels of raw audio; absent: 1', parseCount);
  addSearchOptions(command)
    .option('--alternatives <count>', 'with --json: how many ways to read a segment its final result tells', parseCount)
    .action(async (inputs: string[], options: Options) => transcribe(inputs, options, io));
}

async function transcribe(inputs: readonly string[], options: Options, io: Io): Promise<void> {
  requireSearch(options);
  const wrong = mistake(inputs, options);
  if (wrong !== undefined) throw wrong;
  const { defineConfig } = await import('../../config/load.js');
  const { findRecogniser } = await import('../models/recogniser.js');
  const { Pipeline } = await import('../../pipeline.js');
  const { TranscriptView } = await import('../transcript-view.js');
  const { eventJson } = await import('../../sink/event-json.js');
  const { SoundChecks } = await import('../sound-checks.js');
  const config: Config = await defineConfig({
    name: 'transcribe',
    model: await findRecogniser(options.model),
    ...inputOf(inputs, options),
    decide: decideWith(options),
    sinks: [],
  });
  const pipeline = new Pipeline(config, { log: await io.openLog() });
  const checks = new SoundChecks();
  pipeline.readings.subscribe((frames) => checks.hear(frames));
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
  for (const remark of checks.remarks()) io.note(remark);
}

function mistake(inputs: readonly string[], options: Options): UserError | undefined {
  const { device, raw, rate, channels, alternatives, json } = options;
  if (alternatives !== undefined && json !== true) {
    return new UserError('ARGUMENT', '--alternatives are told with --json only', { hint: 'add --json' });
  }
  const recorded = inputs.includes(MICROPHONE);
  if (recorded && inputs.length > 1) {
    return new UserError('ARGUMENT', `${MICROPHONE} cannot be mixed with other inputs`, {
      hint: 'give it alone, or any number of files',
    });
  }
  if (device !== undefined && !recorded) {
    return new UserError('ARGUMENT', `--device is for the input ${MICROPHONE}`, { hint: 'leave one of them out' });
  }
  const isRaw = !recorded && (raw !== undefined || inputs.includes(STDIN));
  if (isRaw || (raw === undefined && rate === undefined && channels === undefined)) return undefined;
  return recorded
    ? new UserError('ARGUMENT', '--raw, --rate and --channels are for raw audio, not for the microphone', {
        hint: 'leave them out; in a configuration, source: {kind: microphone} has sampleRateHz and channels',
      })
    : new UserError('ARGUMENT', '--rate and --channels are for raw audio; WAV files say it themselves', {
        hint: 'leave them out, or add --raw and how the samples are written',
      });
}

/** The sections of a configuration that say where the audio comes from. */
function inputOf(inputs: readonly string[], options: Options): object {
  if (inputs.includes(MICROPHONE)) {
    return { source: { kind: 'microphone', ...(options.device === undefined ? {} : { device: options.device }) } };
  }
  const { raw, rate, channels, speed } = options;
  const pcm = { format: raw, sampleRateHz: rate, channels };
  // Standard input without a header is raw audio even where nobody said so.
  const format = raw === undefined ? 'auto' : 'pcm';
  return { source: { kind: 'audio-files', files: [...inputs], speed, format, pcm } };
}

/** Without JSON what was written cannot be taken back: a beam, which may change its mind, writes what is final. */
function decideWith(options: Options): object {
  const decide = decideOf(options);
  return { ...decide, partials: options.json === true || decide.search === 'greedy' };
}

function parseSpeed(text: string): Options['speed'] {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number above 0, such as 1.');
  return value;
}
