/** Utterances side by side, as the graphs of `speech-graphs.ts` are fed with them. */
import { tensorOf, type Tensor } from '../../step/ort.js';
import { CtcTargets, stateCount } from './ctc-targets.js';
import type { Lesson } from './lessons.js';

export interface SpeechBatch {
  readonly feeds: Record<string, Tensor>;
  /** T, steps of the longest. */
  readonly steps: number;
  /** Utterances whose labels do not fit into their steps: they do not count for CTC. */
  readonly tooShort: number;
}

/**
 * @param lessons all of one width; the shorter ones are padded with 0, which is not computed with
 * @param maxLabels that the graph has room for
 */
export function speechBatch(lessons: readonly Lesson[], width: number, maxLabels: number, blank: number): SpeechBatch {
  const lanes = lessons.length;
  const steps = lessons.reduce((longest, { chunks }) => Math.max(longest, chunks.count), 1);
  const x = new Float32Array(steps * lanes * width);
  const frameTargets = new BigInt64Array(steps * lanes).fill(BigInt(blank));
  const ctc = new CtcTargets(steps, lanes, maxLabels, blank);
  let tooShort = 0;
  lessons.forEach(({ chunks, labels, frameTargets: targets }, lane) => {
    if (!ctc.set(lane, labels, chunks.count)) tooShort++;
    for (let t = 0; t < chunks.count; t++) {
      x.set(chunks.data.subarray(t * width, (t + 1) * width), (t * lanes + lane) * width);
      frameTargets[t * lanes + lane] = BigInt(targets[t]);
    }
  });
  const states = [lanes, stateCount(maxLabels)];
  const feeds = {
    x: tensorOf(x, [steps, lanes, width]),
    frame_targets: tensorOf(frameTargets, [steps, lanes, 1]),
    ctc_states: tensorOf(ctc.states, states),
    ctc_enter: tensorOf(ctc.enter, states),
    ctc_skip: tensorOf(ctc.skip, states),
    ctc_final: tensorOf(ctc.final, states),
    active: tensorOf(ctc.active, [steps, lanes, 1]),
    weight: tensorOf(ctc.weight, [lanes, 1]),
  };
  return { feeds, steps, tooShort };
}
