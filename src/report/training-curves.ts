/** How a training went, epoch by epoch. */
import type { TrainingRecord, Validation } from '../train/record.js';
import type { Chart, Trace } from './chart.js';
import { html, type Markup } from './html.js';
import { pack } from './pack.js';
import type { Charts } from './page.js';

const TALL_PX = 260;
const LOW_PX = 200;
const SHARE_PX = 120;

export function trainingCurves({ validations, best }: TrainingRecord, charts: Charts): Markup {
  const over = (own: Pick<Chart, 'height' | 'traces' | 'log'>): Chart => ({
    axis: 'count',
    x: pack(validations.map(({ epoch }) => epoch + 1)),
    xLabel: 'epoch',
    marks: [{ at: best.epoch + 1, tone: 'fault' }],
    ...own,
  });
  const trace = (label: string, tone: Trace['tone'], value: (validation: Validation) => number): Trace => ({
    label,
    tone,
    style: 'line',
    values: pack(validations.map(value)),
  });
  const losses = [
    trace('learnt part', 'value', ({ trainLoss }) => trainLoss),
    trace('held-out tail', 'second', ({ validationLoss }) => validationLoss),
  ];
  const rate = trace('learning rate', 'score', ({ learningRate }) => learningRate);
  // A gradient of nothing has no logarithm.
  const norm = trace('norm of the gradient', 'value', ({ gradientNorm }) => gradientNorm || NaN);
  const clipped = trace('share of steps clipped', 'second', ({ clippedShare }) => clippedShare);
  return html`<figure tabindex="0" id="losses" aria-label="loss by epoch">
      <figcaption>
        Loss of each epoch; ▼ where the weights come from that were kept. When the held-out tail gets worse while the
        learnt part gets better, the net learns by heart.
      </figcaption>
      ${charts.place(over({ height: TALL_PX, traces: losses }))}
    </figure>
    <div class="pair">
      <figure tabindex="0" id="rate" aria-label="learning rate by epoch">
        <figcaption>Learning rate</figcaption>
        ${charts.place(over({ height: LOW_PX, traces: [rate] }))}
      </figure>
      <figure tabindex="0" id="norms" aria-label="norm of the gradient by epoch">
        <figcaption>Norm of the gradient before clipping, and how many steps were clipped</figcaption>
        ${charts.place(over({ height: LOW_PX, traces: [norm], log: true }))}
        ${charts.place({ ...over({ height: SHARE_PX, traces: [clipped] }), yRange: [0, 1] })}
      </figure>
    </div>`;
}
