/** How far back in time the gradient reaches: `kioku train --diagnose`. */
import type { GradientFlows } from '../train/job.js';
import type { Trace } from './chart.js';
import { sentence } from './figures.js';
import { html, type Markup } from './html.js';
import { pack } from './pack.js';
import type { Charts } from './page.js';

const PX = 240;

/** @param words a sentence a layer */
export function gradientFigures({ initial, learnt }: GradientFlows, words: readonly string[], charts: Charts): Markup {
  return html`<h2>How far back the gradient reaches</h2>
    ${words.map((text) => html`<p class="quiet">${sentence(text)}</p>`)}
    <div class="pair">
      ${learnt.map(
        (norms, layer) =>
          html`<figure id="gradient-${layer}" tabindex="0" aria-label="gradient of layer ${layer + 1}">
            <figcaption>Layer ${layer + 1}: norm of the gradient of a window's last loss</figcaption>
            ${charts.place({
              axis: 'count',
              x: pack(norms.map((_, k) => k)),
              xLabel: 'steps back',
              height: PX,
              log: true,
              traces: [trace('before training', 'expected', initial[layer]), trace('after training', 'value', norms)],
            })}
          </figure>`,
      )}
    </div>`;
}

/** What has vanished altogether has no logarithm. */
function trace(label: string, tone: Trace['tone'], norms: readonly number[]): Trace {
  return { label, tone, style: 'line', values: pack(norms.map((norm) => (norm > 0 ? norm : NaN))) };
}
