/** A signal that a net can learn and "repeat the last value" cannot follow: three incommensurable sines and a little noise. */
import { normal } from '../../src/core/random.js';
import type { TrainOptions } from '../../src/core/training.js';
import { prepareDataset } from '../../src/train/dataset.js';
import { fewestSamples, trainJob, type TrainJob } from '../../src/train/job.js';
import type { Series } from '../../src/train/series.js';
import { seriesOf } from './series-of.js';

const STEP_US = 1_000_000;
const NOISE = 0.01;

function sineMixture(rows: number): Series {
  const steps = Array.from({ length: rows }, (_, row) => row);
  const values = steps.map(
    (t) => 20 + Math.sin(t / 3) + 0.7 * Math.sin(t / 5.3 + 1) + 0.5 * Math.sin(t / 11.7 + 2) + NOISE * normal(1, 1, t),
  );
  return seriesOf({
    stream: 'pump',
    us: Float64Array.from(steps, (t) => t * STEP_US),
    values: Float64Array.from(values),
    mask: new Uint8Array(rows).fill(1),
    starts: Uint8Array.from(steps, (t) => (t === 0 ? 1 : 0)),
  });
}

/** The whole way from a series in the channel's unit to a job. */
export function sineMixtureJob(rows: number, options: TrainOptions): TrainJob {
  const dataset = prepareDataset([sineMixture(rows)], {
    channels: ['temperature'],
    stepUs: STEP_US,
    calendar: options.calendar,
    noiseFloors: [0],
    validationFraction: options.validationFraction,
    fewestSamples: fewestSamples(options),
  });
  return trainJob(dataset, options);
}
