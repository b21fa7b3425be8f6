/** A training as one HTML file: what came of it in figures, its curves, and how good the forecasts of the held-out tail are. */
import { widthText, type ModelCard } from '../core/card.js';
import { counted } from '../core/counted.js';
import { MICROS } from '../core/time.js';
import type { GradientFlows } from '../train/job.js';
import type { TrainingRecord } from '../train/record.js';
import { channelSection } from './channel-section.js';
import { duration, figure, figureTable, moment, sentence, tiles, type FigureTable, type Tile } from './figures.js';
import { gradientFigures } from './gradient-figures.js';
import { html, NOTHING } from './html.js';
import { Charts, page } from './page.js';
import { trainingCurves } from './training-curves.js';

const OPEN_CHANNELS = 3;

export interface TrainingPage {
  readonly title: string;
  /** How it was made: configuration, date. */
  readonly about: string;
  /** What the training came to, sentence by sentence. */
  readonly words: readonly string[];
  readonly card: ModelCard;
  readonly record: TrainingRecord;
  /** Where the gradient was measured, with a sentence a layer. */
  readonly gradients?: { readonly flows: GradientFlows; readonly words: readonly string[] };
}

/** @returns the text of the file */
export async function trainingPage({ title, about, words, card, record, gradients }: TrainingPage): Promise<string> {
  const charts = new Charts();
  const { channels } = record;
  // Where the net is of least use is seen first.
  const order = [...channels.keys()].toSorted((a, b) => usefulness(record, b) - usefulness(record, a));
  const body = html`<p class="quiet">${about}</p>
    ${tiles(tilesOf(card, record))}
    <p>${sentence(words.join('; '))}</p>
    <h2>Learning</h2>
    ${trainingCurves(record, charts)}
    <h2>Forecasts of the held-out tail</h2>
    <p class="quiet">
      The last part of every stream was not learnt. Drag over a chart to see a part of it; a double click shows all
      again. A chart that is selected with the Tab key also takes ← and →, + and −, and 0 for all. Times are UTC.
    </p>
    ${figureTable(errorTable(record))} ${order.map((c, i) => channelSection(record, c, charts, i < OPEN_CHANNELS))}
    ${gradients === undefined ? NOTHING : gradientFigures(gradients.flows, gradients.words, charts)}
    <h2>Model and data</h2>
    ${figureTable(factsTable(card, record))}`;
  return page(title, body, charts);
}

/** The net's error over that of repeating the last value: 0 is perfect, 1 of no use. */
function usefulness({ channels }: TrainingRecord, channel: number): number {
  const { net, persistence } = channels[channel];
  return persistence.rmse === 0 ? 0 : net.rmse / persistence.rmse;
}

function tilesOf({ training }: ModelCard, { best, validations, data }: TrainingRecord): Tile[] {
  const { validationMse, persistenceMse } = training;
  const epochs = (validations.at(-1)?.epoch ?? best.epoch) + 1;
  return [
    {
      name: 'error against repeating the last value',
      figure: persistenceMse === 0 ? '–' : `${figure(100 * Math.sqrt(validationMse / persistenceMse))} %`,
      note: persistenceMse === 0 ? 'nothing ever changed' : 'root mean square, all channels; less is better',
    },
    {
      name: 'learnt from',
      figure: counted(data.streams, 'stream'),
      note: `${counted(data.rows, 'time step')} of ${duration(data.stepUs / MICROS.second)}`,
    },
    { name: 'best epoch', figure: String(best.epoch + 1), note: `of ${epochs}, in ${duration(training.seconds)}` },
    {
      name: 'parameters',
      figure: String(training.parameters),
      note: `${training.cell}, ${counted(training.layers, 'layer')} of ${widthText(training)}`,
    },
  ];
}

function errorTable({ channels }: TrainingRecord): FigureTable {
  return {
    caption: 'Errors in the unit of each channel',
    header: [
      'channel',
      'values',
      'root mean square',
      'mean absolute',
      'RMS of the last value repeated',
      'ratio',
      'within the 95 % band',
    ],
    rows: channels.map(({ name, values, net, persistence, calibration }) => {
      const held = calibration?.coverage.find(({ nominal }) => nominal === 0.95);
      const ratio = persistence.rmse === 0 ? null : net.rmse / persistence.rmse;
      return [
        name,
        String(values),
        ...[net.rmse, net.mae, persistence.rmse, ratio].map(figure),
        held === undefined ? '–' : `${figure(100 * held.observed)} %`,
      ];
    }),
  };
}

function factsTable(
  { name, training, objective, calendar }: ModelCard,
  { data, stopped }: TrainingRecord,
): FigureTable {
  return {
    caption: name,
    header: ['', ''],
    rows: [
      ['data', `${moment(data.fromUs)} to ${moment(data.toUs)} UTC`],
      ['cell', training.cell],
      ['layers × width', `${training.layers} × ${widthText(training)}`],
      ['learnt by', training.likelihood ?? objective],
      ['calendar', calendar.length === 0 ? 'none' : calendar.join(', ')],
      ['dropout', String(training.dropout)],
      ['optimiser steps', String(training.optimiserSteps)],
      ['ended by', stopped],
      ['loss, learnt part', figure(training.trainLoss)],
      ['loss, held-out tail', figure(training.validationLoss)],
      ['seed', String(training.seed)],
      ['kioku', training.kioku],
    ],
  };
}
