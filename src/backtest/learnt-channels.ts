/** The readings that a detector may learn from, as a baseline gets them: time steps, normalised as its model's card says. */
import type { ResolvedAlignment } from '../align/align.js';
import type { ModelCard } from '../core/card.js';
import type { Frame } from '../core/contracts.js';
import { Counters } from '../core/counters.js';
import { MICROS } from '../core/time.js';
import { beginChannels, CHANNEL_FIELDS, writeChannels } from '../feature/scaling.js';
import { copyOfFrame, StreamAligner } from '../stream-aligner.js';
import type { LearntChannel } from './baseline-rules.js';

/** @returns one entry a channel; the rows of several streams are one behind the other */
export function learntChannels(
  frames: readonly Frame[],
  alignment: ResolvedAlignment,
  maxStreams: number,
  { normalisation }: Pick<ModelCard, 'normalisation'>,
): LearntChannel[] {
  const channels = alignment.channels.length;
  const streams = alignedStreams(frames, alignment, maxStreams);
  const rows = streams.reduce((sum, steps) => sum + steps.length, 0);
  const z = new Float64Array(rows * channels);
  const days = new Float64Array(rows);
  const starts = new Uint8Array(rows);
  let row = 0;
  for (const steps of streams) {
    const memory = new Float64Array(channels * CHANNEL_FIELDS);
    beginChannels(memory, 0, normalisation.streams[steps[0].stream] ?? normalisation.pooled);
    steps.forEach(({ us, data, mask, mark }, step) => {
      writeChannels(z, row * channels, data, mask, 0, memory, 0, channels);
      days[row] = (us % MICROS.day) / MICROS.day;
      starts[row] = step === 0 || mark === 'gap' ? 1 : 0;
      row++;
    });
  }
  return Array.from({ length: channels }, (_, c) => ({
    values: Float64Array.from({ length: rows }, (__, r) => z[r * channels + c]),
    days,
    starts,
  }));
}

/** The time steps of each stream. */
function alignedStreams(frames: readonly Frame[], alignment: ResolvedAlignment, maxStreams: number): Frame[][] {
  const streams = new Map<string, Frame[]>();
  // What is dropped here was counted when the scales were learnt from it.
  const aligner = new StreamAligner(alignment, maxStreams, new Counters(), (step) => {
    const steps = streams.get(step.stream);
    if (steps === undefined) streams.set(step.stream, [copyOfFrame(step)]);
    else steps.push(copyOfFrame(step));
  });
  aligner.push(frames);
  aligner.flush();
  return [...streams.values()];
}
