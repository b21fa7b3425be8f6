/** How a training went, epoch by epoch. */
import type { TrainingRecord, Validation } from '../train/record.js';
import type { Chart, Trace } from './chart.js';
import { html, type Markup } from './html.js';
import { pack } from './pack.js';
import type { Charts } from './page.js';

export const TALL_PX = 260;
const LOW_PX = 200;
const SHARE_PX = 120;

export type Curves = Pick<TrainingRecord, 'validations' | 'best'>;

export function trainingCurves(curves: Curves, charts: Charts): Markup {
  const losses = [
    epochTrace(curves, 'learnt part', 'value', ({ trainLoss }) => trainLoss),
    epochTrace(curves, 'held-out tail', 'second', ({ validationLoss }) => validationLoss),
  ];
  return html`<figure tabindex="0" id="losses" aria-label="loss by epoch">
      <figcaption>
        Loss of each epoch; ▼ where the weights come from that were kept. When the held-out tail gets worse while the
        learnt part gets better, the net learns by heart.
      </figcaption>
      ${charts.place(epochChart(curves, { height: TALL_PX, traces: losses }))}
    </figure>
    ${rateAndNorms(curves, charts)}`;
}

/** The learning rate, and the gradients that it was multiplied by. */
export function rateAndNorms(curves: Curves, charts: Charts): Markup {
  const rate = epochTrace(curves, 'learning rate', 'score', ({ learningRate }) => learningRate);
  // A gradient of nothing has no logarithm.
  const norm = epochTrace(curves, 'norm of the gradient', 'value', ({ gradientNorm }) => gradientNorm || NaN);
  const clipped = epochTrace(curves, 'share of steps clipped', 'second', ({ clippedShare }) => clippedShare);
  return html`<div class="pair">
    <figure tabindex="0" id="rate" aria-label="learning rate by epoch">
      <figcaption>Learning rate</figcaption>
      ${charts.place(epochChart(curves, { height: LOW_PX, traces: [rate] }))}
    </figure>
    <figure tabindex="0" id="norms" aria-label="norm of the gradient by epoch">
      <figcaption>Norm of the gradient before clipping, and how many steps were clipped</figcaption>
      ${charts.place(epochChart(curves, { height: LOW_PX, traces: [norm], log: true }))}
      ${charts.place(epochChart(curves, { height: SHARE_PX, traces: [clipped], yRange: [0, 1] }))}
    </figure>
  </div>`;
}

/** Over the epochs, with a mark at the one whose weights were kept. */
export function epochChart(
  { validations, best }: Curves,
  own: Pick<Chart, 'height' | 'traces' | 'log' | 'yRange'>,
): Chart {
  return {
    axis: 'count',
    x: pack(validations.map(({ epoch }) => epoch + 1)),
    xLabel: 'epoch',
    marks: [{ at: best.epoch + 1, tone: 'fault' }],
    ...own,
  };
}

export function epochTrace(
  { validations }: Curves,
  label: string,
  tone: Trace['tone'],
  value: (validation: Validation) => number,
): Trace {
  return { label, tone, style: 'line', values: pack(validations.map(value)) };
}
