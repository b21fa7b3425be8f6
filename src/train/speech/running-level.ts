/**
 * How loud it is, taken from the features before the net sees them: a net that meets speech at −45 dB and at −12 dB
 * learns for long that both are the same. What is taken is the loudness of the loudest frame before, which is forgotten
 * slowly: an automatic gain control with an attack of one frame, causal and of one number a stream.
 */
import type { TensorGraph } from '../../onnx/tensor-graph.js';
import type { Value } from '../../onnx/graph.js';
import type { Chunks } from './chunk-maker.js';

/** Mean over the bands that counts as silence, in spreads of the training data; what is below is not raised. */
const FLOOR = -2.5;
/** By so much the level falls in a feature frame of 10 ms, in spreads, which are about 17 dB: 9 dB a second. */
const RELEASE = 1 / 200;

/**
 * Takes the level from every frame, in place: l_t = max(l_{t−1} − release, mean over the bands − floor, 0), and
 * floor + l_t is taken from every band; l is 0 before the first frame.
 * @param chunks normalised: else the bands that vary most would say how loud it is
 */
export function withoutLevel({ data }: Chunks, melBins: number): void {
  let level = 0;
  for (let from = 0; from < data.length; from += melBins) {
    let sum = 0;
    for (let band = from; band < from + melBins; band++) sum += data[band];
    level = Math.max(level - RELEASE, sum / melBins - FLOOR, 0);
    for (let band = from; band < from + melBins; band++) data[band] -= FLOOR + level;
  }
}

/**
 * The same as operators of a graph.
 * @param x [B, frames, melBins], normalised
 * @param before [B, 1], l of the frame before; a new stream's is 0
 */
export function takeLevel(g: TensorGraph, x: Value, before: Value): { readonly x: Value; readonly level: Value } {
  const [, frames, melBins] = x.shape.map(Number);
  const means = g.div(g.sum(x, [2]), g.scalar(melBins));
  const [floor, release, zero] = [FLOOR, RELEASE, 0].map((value) => g.scalar(value));
  let level = before;
  const levels = g.split(means, 1, Array<number>(frames).fill(1)).map((mean) => {
    level = g.max(g.max(g.sub(level, release), g.sub(mean, floor)), zero);
    return level;
  });
  const taken = g.add(g.reshape(g.concat(levels, 1), ['B', frames, 1]), floor);
  return { x: g.sub(x, taken), level };
}
