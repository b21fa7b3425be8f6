/** How the gradient flows back through time, for people: `kioku train --diagnose`. */
import { counted } from '../core/counted.js';
import type { GradientFlow } from '../train/gradient-flow.js';
import type { GradientFlows } from '../train/job.js';
import { table } from './table.js';

/** Less than this part of the gradient at the last step is as good as nothing; more than this many times it is too much. */
const VANISHED = 0.01;
const EXPLODED = 10;

const ADVICE = [
  {
    verdict: 'vanishes',
    meaning:
      'vanishing: from what lies further back the net learns next to nothing. If it should, train.cell: lstm or gru ' +
      'reaches further than a plain rnn, and with a longer align.stepMs the past is fewer steps away.',
  },
  {
    verdict: 'explodes',
    meaning:
      'exploding: one step of training can spoil the weights. train.clipNorm limits its length; a smaller ' +
      'train.learningRate helps too.',
  },
] as const;

/** A table of norms at 0, 1, 2, 4, … steps back, and a sentence a layer. */
export function describeGradients(flows: GradientFlows): string {
  const { initial, learnt } = flows;
  const layers = learnt.map((_, layer) => `layer ${layer + 1}`);
  const header = ['steps back', ...layers.map((name) => `${name} before`), ...layers.map((name) => `${name} after`)];
  const columns = [...initial, ...learnt];
  const rows = doublings(learnt[0].length - 1).map((k) =>
    [String(k)].concat(columns.map((norms) => norms[k].toExponential(1))),
  );
  return [
    'how strongly the error of one forecast pulls at what the net remembered so many time steps before (norm of its',
    'gradient with respect to the state of each layer), before and after training:',
    table(header, rows),
    ...gradientSentences(flows),
  ].join('\n');
}

/** What the norms say: a line for each layer before training, one for each after it, and what follows from the latter. */
export function gradientSentences({ initial, learnt }: GradientFlows): string[] {
  const after = sentences('after training', learnt);
  const advice = ADVICE.filter(({ verdict }) => after.some((line) => line.includes(`: ${verdict}`)));
  return [...sentences('before training', initial), ...after, ...advice.map(({ meaning }) => meaning)];
}

function sentences(when: string, flow: GradientFlow): string[] {
  return flow.map((norms, layer) => `${when}, layer ${layer + 1}: ${verdict(norms)}`);
}

function verdict(norms: readonly number[]): string {
  const [now] = norms;
  if (now === 0) return 'no gradient at all';
  const steps = norms.length - 1;
  const far = counted(steps, 'step');
  if (steps === 0) return 'windows of one step carry nothing back';
  const left = norms[steps] / now;
  if (!Number.isFinite(left)) return `explodes beyond all bounds within ${far}`;
  if (left > EXPLODED) return `explodes: ${left.toPrecision(2)} times as large ${far} back`;
  const vanished = norms.findIndex((norm) => norm < VANISHED * now);
  if (vanished > 0) return `vanishes: less than a hundredth of it is left ${counted(vanished, 'step')} back`;
  return `carries: ${left.toPrecision(2)} of it is left ${far} back`;
}

/** 0, 1, 2, 4, … and `last`. */
function doublings(last: number): number[] {
  const found = [0];
  for (let k = 1; k < last; k *= 2) found.push(k);
  if (last > 0) found.push(last);
  return found;
}
