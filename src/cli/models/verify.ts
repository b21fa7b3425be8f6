/** What a model folder is, and every mistake in it: each file is read, and each net opened as it will be when it runs. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { counted } from '../../core/counted.js';
import { systemCodeOf, UserError } from '../../core/errors.js';
import type { RecogniserModel } from '../../core/recogniser.js';
import type { StepModel } from '../../core/step-model.js';
import { readModelInfo } from '../../onnx/reader.js';
import { CARD_FILE, readCard, stepModelOf } from '../../step/card-file.js';
import { openRecogniserFiles } from '../../step/recogniser/open.js';
import { sileroModel } from '../../step/silero.js';
import type { Running } from './running.js';

export interface ModelProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface Verification {
  readonly path: string;
  /** Absent when it is none of these. */
  readonly kind?: 'forecast' | 'recogniser' | 'voice';
  /** What it is, in a sentence without its full stop. */
  readonly description?: string;
  /** None: kioku can run it. */
  readonly problems: readonly ModelProblem[];
  /** What its nets run on; of those that run. */
  readonly nets: readonly Running[];
}

export interface Opened {
  readonly kind: NonNullable<Verification['kind']>;
  readonly description: string;
  readonly nets: readonly StepModel[];
}

/**
 * @param path model folder, or an .onnx file
 * @param run opens a net as it will run, see `running.ts`
 * @throws UserError `MODEL_MISSING` when there is nothing at all; everything else is in the result
 */
export async function verifyModel(path: string, run: (model: StepModel) => Promise<Running>): Promise<Verification> {
  const problems: ModelProblem[] = [];
  const attempt = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      // Anything else is a defect of kioku.
      if (!(error instanceof UserError)) throw error;
      const { code, message, hint } = error;
      if (!problems.some((known) => known.message === message)) {
        problems.push({ code, message, ...(hint === undefined ? {} : { hint }) });
      }
      return undefined;
    }
  };
  const files = await listFiles(path);
  for (const file of files.filter((name) => name.endsWith('.onnx'))) await attempt(readModelInfo(file));
  const opened = await attempt(openModel(path, files));
  const nets: Running[] = [];
  if (opened !== undefined && problems.length === 0) {
    // The weights are read here: a file that was cut off in them has a sound signature.
    for (const net of opened.nets) {
      const running = await attempt(run(net));
      if (running !== undefined) nets.push(running);
    }
  }
  if (opened === undefined) return { path, problems, nets };
  const { kind, description } = opened;
  return { path, kind, description, problems, nets };
}

async function listFiles(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    return (await readdir(path)).map((name) => join(path, name));
  } catch (cause) {
    throw new UserError('MODEL_MISSING', `there is no ${path} (${systemCodeOf(cause) ?? 'unreadable'})`, {
      hint: 'give a model folder, or the .onnx file of a voice activity model',
      cause,
    });
  }
}

/** The nets of whatever it is. @throws UserError as the readers of cards, recognisers and Silero files */
export async function openNets(path: string): Promise<Opened> {
  return openModel(path, await listFiles(path));
}

function openModel(path: string, files: readonly string[]): Promise<Opened> {
  const [only, another] = files.filter((name) => name.endsWith('.onnx'));
  if (files.some((name) => basename(name) === CARD_FILE)) return openOwn(path);
  const alone = only !== undefined && another === undefined && !files.some((name) => name.endsWith('tokens.txt'));
  return alone ? openVoice(only) : openRecogniser(path);
}

async function openOwn(folder: string): Promise<Opened> {
  const card = await readCard(folder);
  const channels = card.channels.map(({ name }) => name).join(', ');
  const description = `a model made by kioku ${card.training.kioku} that foretells ${channels} in steps of ${card.stepUs / 1000} ms`;
  return { kind: 'forecast', description, nets: [stepModelOf(folder, card)] };
}

async function openVoice(file: string): Promise<Opened> {
  const { model, windowSamples, contextSamples, sampleRateHz } = await sileroModel(file);
  const context = contextSamples === 0 ? 'without context' : `and ${contextSamples} of context`;
  const description = `a Silero voice activity model: ${windowSamples} samples a step ${context}, at ${sampleRateHz} Hz`;
  return { kind: 'voice', description, nets: [model] };
}

async function openRecogniser(folder: string): Promise<Opened> {
  const model = await openRecogniserFiles(folder);
  return { kind: 'recogniser', description: describe(model), nets: netsOf(model) };
}

function netsOf(model: RecogniserModel): readonly StepModel[] {
  return model.kind === 'ctc' ? [model.encoder] : [model.encoder, model.decoder, model.joiner];
}

function describe(model: RecogniserModel): string {
  const { architecture, chunkFrames, shiftFrames, encoder, features, tokens } = model;
  const kind = model.kind === 'ctc' ? 'CTC recogniser' : 'transducer';
  return (
    `a streaming ${architecture} ${kind} (${netsOf(model)
      .map(({ path }) => basename(path))
      .join(', ')} in ${dirname(encoder.path)}): ` +
    `${counted(tokens.size, 'token')}, ${features.melBins} mel bins at ${features.sampleRateHz} Hz, ` +
    `steps of ${chunkFrames} frames every ${shiftFrames * 10} ms, ${counted(encoder.states.length, 'state')}`
  );
}
