/** The training of a recogniser as one HTML file: its curves, which words it takes for which, what became of the recordings. */
import { widthText } from '../core/card.js';
import { counted } from '../core/counted.js';
import type { RecogniserCard } from '../train/speech/export-recogniser.js';
import type { ManifestReport } from '../train/speech/manifest-job.js';
import type { RecogniserRecord } from '../train/speech/recogniser-record.js';
import { countFindings } from '../train/speech/recordings.js';
import { duration, figure, figureTable, sentence, tiles, type FigureTable, type Tile } from './figures.js';
import { html, NOTHING, type Markup } from './html.js';
import { Charts, page } from './page.js';
import { epochChart, epochTrace, rateAndNorms, TALL_PX } from './training-curves.js';
import { confusionTable } from './word-confusions.js';

/** Lines and recordings that are named, a manifest. */
const MOST_NAMED = 100;

export interface RecogniserPage {
  readonly title: string;
  /** How it was made: configuration, date. */
  readonly about: string;
  /** What the training came to, sentence by sentence. */
  readonly words: readonly string[];
  readonly card: RecogniserCard;
  readonly record: RecogniserRecord;
  /** Of the training recordings, and of the held-out ones if there are any. */
  readonly manifests: readonly ManifestReport[];
  /** Epochs in which the places of the words are learnt, before CTC. */
  readonly frameEpochs: number;
}

/** @returns the text of the file */
export async function recogniserPage({ title, about, words, card, record, manifests, frameEpochs }: RecogniserPage) {
  const charts = new Charts();
  const body = html`<p class="quiet">${about}</p>
    ${tiles(tilesOf(card, manifests))}
    <p>${sentence(words.join('; '))}</p>
    <h2>Learning</h2>
    ${curves(record, frameEpochs, charts)}
    ${
      record.confusions === undefined
        ? NOTHING
        : html`<h2>Words</h2>
            ${figureTable(confusionTable(record.confusions))}`
    }
    <h2>Recordings</h2>
    ${figureTable(manifestTable(manifests))} ${manifests.map(findings)}
    <h2>Model</h2>
    ${figureTable(factsTable(card))}`;
  return page(title, body, charts);
}

function tilesOf({ training, words, heldOut }: RecogniserCard, [learnt]: readonly ManifestReport[]): Tile[] {
  const quality: Tile =
    heldOut === undefined
      ? { name: 'words wrong', figure: '–', note: 'nothing was held out; kioku evaluate tells' }
      : {
          name: 'words wrong',
          figure: `${figure(100 * heldOut.tokenErrorRate)} %`,
          note: `held-out strings with noise; ${figure(100 * heldOut.stringsRight)} % of them right`,
        };
  const epochs = `of ${training.epochs}, in ${duration(training.seconds)}`;
  return [
    quality,
    {
      name: 'learnt from',
      figure: counted(learnt.recordings, 'recording'),
      note: `${duration(learnt.seconds)}, ${counted(words.length, 'word')}`,
    },
    training.bestEpoch === undefined
      ? { name: 'weights kept', figure: 'the last', note: epochs }
      : { name: 'best epoch', figure: String(training.bestEpoch + 1), note: epochs },
    {
      name: 'parameters',
      figure: String(training.parameters),
      note: `${training.cell}, ${counted(training.layers, 'layer')} of ${widthText(training)}`,
    },
  ];
}

function curves(record: RecogniserRecord, frameEpochs: number, charts: Charts): Markup {
  const loss = epochTrace(record, 'strings learnt from', 'value', ({ trainLoss }) => trainLoss);
  const places =
    frameEpochs === 0
      ? NOTHING
      : html`In the first ${counted(frameEpochs, 'epoch')} the net learns where the words are, then what is said (CTC):
        two losses that cannot be compared.`;
  return html`<figure tabindex="0" id="losses" aria-label="loss by epoch">
      <figcaption>Loss of each epoch; ▼ where the weights come from that were kept. ${places}</figcaption>
      ${charts.place(epochChart(record, { height: TALL_PX, traces: [loss] }))}
    </figure>
    ${record.confusions === undefined ? NOTHING : heldOutCurve(record, charts)} ${rateAndNorms(record, charts)}`;
}

function heldOutCurve(record: RecogniserRecord, charts: Charts): Markup {
  const wrong = epochTrace(record, 'held-out words wrong', 'second', ({ validationLoss }) => 100 * validationLoss);
  return html`<figure tabindex="0" id="errors" aria-label="held-out words wrong by epoch">
    <figcaption>
      Held-out words wrong (%), read greedily: insertions, deletions and substitutions by words said
    </figcaption>
    ${charts.place(epochChart(record, { height: TALL_PX, traces: [wrong] }))}
  </figure>`;
}

function manifestTable(manifests: readonly ManifestReport[]): FigureTable {
  return {
    caption: 'What became of the lines of the manifests',
    header: ['manifest', 'used', 'length', 'lines that cannot be read', 'left out', 'used though odd'],
    rows: manifests.map(({ path, recordings, seconds, badLines, problems }) => [
      path,
      String(recordings),
      duration(seconds),
      String(badLines.length),
      textOf(problems.filter(({ leftOut }) => leftOut)),
      textOf(problems.filter(({ leftOut }) => !leftOut)),
    ]),
  };
}

function textOf(problems: ManifestReport['problems']): string {
  const counts = Object.entries(countFindings(problems));
  return counts.map(([finding, count]) => `${count} ${finding}`).join(', ') || '0';
}

function findings({ path, badLines, problems }: ManifestReport): Markup {
  const all = [
    ...badLines.map(({ line, reason }) => `line ${line} ${reason}`),
    ...problems.map(({ name, text }) => `${name} ${text}`),
  ];
  if (all.length === 0) return NOTHING;
  const more = all.length > MOST_NAMED ? html`<li>… and ${all.length - MOST_NAMED} more</li>` : NOTHING;
  return html`<details>
    <summary>${path}: ${counted(all.length, 'finding')}</summary>
    <ul>
      ${all.slice(0, MOST_NAMED).map((text) => html`<li>${text}</li>`)} ${more}
    </ul>
  </details>`;
}

function factsTable({ name, licence, sampleRateHz, algorithmicDelayMs, training }: RecogniserCard): FigureTable {
  return {
    caption: name,
    header: ['', ''],
    rows: [
      ['licence', licence],
      ['sample rate', `${sampleRateHz} Hz`],
      ['algorithmic delay', `${algorithmicDelayMs} ms`],
      ['cell', training.cell],
      ['layers × width', `${training.layers} × ${widthText(training)}`],
      ['dropout', String(training.dropout)],
      ['optimiser steps', String(training.optimiserSteps)],
      ['weights', training.chosen],
      ['ended by', training.stopped],
      ['strings too short for their tokens', String(training.stringsTooShort)],
      ['seed', String(training.seed)],
      ['kioku', training.kioku],
    ],
  };
}
