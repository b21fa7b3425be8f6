/** What there is to say about a model: its file, its signature, and what its card tells of its making. */
import { stat } from 'node:fs/promises';
import { systemCodeOf, UserError } from '../core/errors.js';
import { widthText, type ModelCard } from '../core/card.js';
import { counted } from '../core/counted.js';
import { silentLog } from '../core/log.js';
import { LearntFile } from '../online/learnt-file.js';
import { readModelInfo, type TensorInfo } from '../onnx/reader.js';
import { modelPath, readCard } from '../step/card-file.js';
import { table } from './table.js';
import { describeThreshold, summariseThreshold, type ThresholdSummary } from './threshold-summary.js';

export interface Inspection {
  /** The ONNX file. */
  readonly file: string;
  readonly bytes: number;
  readonly producer: string;
  readonly irVersion: number;
  readonly opset: number;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly initialisers: number;
  /** Values in all initialisers: weights and constants. */
  readonly values: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Absent for a lone .onnx file. */
  readonly card?: CardSummary;
}

/** The card without the tables that it keeps for each stream. */
export interface CardSummary {
  readonly name: string;
  readonly stepMs: number;
  readonly channels: ModelCard['channels'];
  readonly calendar: ModelCard['calendar'];
  readonly objective: ModelCard['objective'];
  readonly streams: readonly string[];
  readonly calibratedStreams: number;
  /** With `decide.alertsPerWeek` in the configuration that it was learnt with. */
  readonly threshold?: ThresholdSummary;
  readonly training: ModelCard['training'];
  /** Optimiser steps since then, while it ran (`online`); absent: none. The ONNX file is the net as it was trained. */
  readonly onlineSteps?: number;
  /** Mean squared error relative to "repeat the last value" on held-out data; below 1 is better. Absent: that is 0. */
  readonly errorVersusPersistence?: number;
  readonly licence: string;
}

/**
 * @param path model folder, or an .onnx file
 * @throws UserError `MODEL_MISSING`, `MODEL_INVALID` or `CARD_MISMATCH`
 */
export async function inspectModel(path: string): Promise<Inspection> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    (cause: unknown) => {
      throw new UserError('MODEL_MISSING', `there is no ${path} (${systemCodeOf(cause) ?? 'unreadable'})`, {
        hint: 'give a model folder, such as one that `kioku train` wrote, or an .onnx file',
        cause,
      });
    },
  );
  const card = isFolder ? await readCard(path) : undefined;
  const file = card === undefined ? path : modelPath(path, card);
  const info = await readModelInfo(file);
  const onlineSteps = card === undefined ? 0 : await new LearntFile(path, card.modelSha256, silentLog).steps();
  const values = info.initialisers.reduce((sum, { dims }) => sum + dims.reduce((product, n) => product * n, 1), 0);
  return {
    file,
    bytes: (await stat(file)).size,
    producer: info.producer,
    irVersion: info.irVersion,
    opset: info.opset,
    inputs: info.inputs,
    outputs: info.outputs,
    initialisers: info.initialisers.length,
    values,
    metadata: Object.fromEntries(info.metadata),
    ...(card === undefined ? {} : { card: summarise(card, onlineSteps) }),
  };
}

function summarise(card: ModelCard, onlineSteps: number): CardSummary {
  const { validationMse, persistenceMse } = card.training;
  const threshold = card.calibration?.threshold;
  return {
    name: card.name,
    stepMs: card.stepUs / 1000,
    channels: card.channels,
    calendar: card.calendar,
    objective: card.objective,
    streams: Object.keys(card.normalisation.streams),
    calibratedStreams: Object.keys(card.calibration?.streams ?? {}).length,
    ...(threshold === undefined ? {} : { threshold: summariseThreshold(threshold) }),
    training: card.training,
    ...(onlineSteps > 0 ? { onlineSteps } : {}),
    ...(persistenceMse > 0 ? { errorVersusPersistence: validationMse / persistenceMse } : {}),
    licence: card.licence,
  };
}

/** For people: several lines without a line end. */
export function describeModel(model: Inspection): string {
  const lines = [
    `${model.file}: ${(model.bytes / 1024).toFixed(1)} KiB, opset ${model.opset}, IR version ${model.irVersion}` +
      (model.producer === '' ? '' : `, by ${model.producer}`),
    `${model.initialisers} initialisers with ${model.values} values`,
    '',
    table(
      ['', 'name', 'type', 'shape'],
      [...model.inputs.map((tensor) => row('input', tensor)), ...model.outputs.map((tensor) => row('output', tensor))],
    ),
  ];
  const metadata = Object.entries(model.metadata);
  if (metadata.length > 0) lines.push('', table(['metadata', 'value'], metadata));
  if (model.card !== undefined) lines.push('', ...describeCard(model.card));
  return lines.join('\n');
}

function row(role: string, { name, elementType, shape }: TensorInfo): string[] {
  return [role, name, elementType, `[${shape.join(', ')}]`];
}

function describeCard(card: CardSummary): string[] {
  const { training } = card;
  const channels = card.channels.map(({ name, aggregate }) => `${name} (${aggregate})`).join(', ');
  return [
    `${card.name}: ${training.layers} × ${widthText(training)} ${training.cell}, ${training.parameters} parameters, ${card.objective} objective${training.likelihood === undefined ? '' : `, learnt by ${training.likelihood}`}`,
    `watches ${channels} in steps of ${card.stepMs} ms${card.calendar.length > 0 ? `, with ${card.calendar.join(', ')}` : ''}`,
    `trained on ${training.rows} rows of ${counted(training.streams, 'stream')}, ${training.from} to ${training.to}, in ${training.seconds.toFixed(0)} s (${training.epochs} epochs, seed ${training.seed})`,
    `optimised in ${counted(training.optimiserSteps, 'step')} of ${describeOptimiser(training)}`,
    ...(card.onlineSteps === undefined
      ? []
      : [
          `has learnt on while it ran, in ${counted(card.onlineSteps, 'optimiser step')}; the file is as it was trained`,
        ]),
    `held-out error ${training.validationMse.toPrecision(3)}: ${verdict(card.errorVersusPersistence)} repeating the last value (${training.persistenceMse.toPrecision(3)})`,
    ...(card.threshold === undefined ? [] : [describeThreshold(card.threshold)]),
    `calibrated for ${counted(card.calibratedStreams, 'stream')}; licence: ${card.licence}; made ${training.createdAt} by kioku ${training.kioku}`,
  ];
}

function describeOptimiser({ optimiser, bestEpoch }: CardSummary['training']): string {
  // Cards of before kioku wrote it down.
  if (optimiser === undefined) return 'Adam';
  const { learningRate, schedule, warmUp, weightDecay, clipNorm, sequenceLength } = optimiser;
  const warm = warmUp > 0 ? `, warm-up over ${Number((100 * warmUp).toPrecision(3))} %` : '';
  return [
    `${weightDecay > 0 ? `AdamW, weight decay ${weightDecay}` : 'Adam'}, learning rate ${learningRate} (${schedule}${warm})`,
    `gradients through ${counted(sequenceLength, 'time step')}, clipped to ${clipNorm}`,
    ...(bestEpoch === undefined ? [] : [`the weights are those after epoch ${bestEpoch + 1}`]),
  ].join('; ');
}

function verdict(ratio: number | undefined): string {
  if (ratio === undefined) return 'not to be compared with';
  return ratio < 1 ? `${(1 / ratio).toFixed(1)} times better than` : `no better than (${ratio.toFixed(2)} ×)`;
}
