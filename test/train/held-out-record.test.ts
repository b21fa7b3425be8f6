import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../src/core/random.js';
import { trainSchema, type TrainOptions } from '../../src/core/training.js';
import { fromZ, toZ } from '../../src/feature/scaling.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import { persistenceMse } from '../../src/train/batches.js';
import { prepareDataset } from '../../src/train/dataset.js';
import { Evaluator } from '../../src/train/evaluator.js';
import { heldOutRecord } from '../../src/train/held-out-record.js';
import { buildSequenceGraph } from '../../src/train/inference-graphs.js';
import { runJob, trainJob, type TrainedNet } from '../../src/train/job.js';
import { initialParameters, stateWidth, type NetSpec } from '../../src/train/net-spec.js';
import type { Calibration, HeldOutSeries } from '../../src/train/record.js';
import type { MeasuredSequence, SequenceInMemory } from '../../src/train/sequence.js';
import { validationWindows } from '../../src/train/windows.js';
import { HEADS, nameOf, type Head } from './heads.js';
import { seriesOf } from './series-of.js';

const STEP_US = 500_000;

type Placed = MeasuredSequence & SequenceInMemory;

/** Noise, a fifth of it missing. @param split samples that are learnt */
function stretch(stream: string, rows: number, split: number, seed: number, channels = 2): Placed {
  return {
    stream,
    rows,
    split,
    fromUs: 1e9 * seed,
    scales: Array.from({ length: channels }, (_, c) => ({ center: 10 * (c + 1), scale: 2 ** c })),
    x: Float32Array.from({ length: rows * channels }, (_, i) => 0.8 * normal(seed, 1, i)),
    observed: Uint8Array.from({ length: rows * channels }, (_, i) => (uniform(seed, 2, i) < 0.2 ? 0 : 1)),
  };
}

function netOf(head: Head, channels = 2): NetSpec {
  return { cell: 'gru', inputs: channels, hidden: 4, layers: 1, channels, ...head, dropout: 0, skip: true };
}

const SEQUENCES = [stretch('b', 90, 60, 1), stretch('a', 40, 0, 2), stretch('b', 30, 10, 3)];

function record(spec: NetSpec, sequences: readonly Placed[], length = 8, lanes = 3): ReturnType<typeof heldOutRecord> {
  const windows = validationWindows(sequences, { inputs: spec.inputs, channels: spec.channels, length, lanes });
  return heldOutRecord(spec, initialParameters(spec, 3), windows, sequences, STEP_US);
}

const near = (numbers: readonly number[]): unknown[] => numbers.map((one) => expect.closeTo(one, 4) as unknown);

describe('the record of the held-out tail', () => {
  it.each(HEADS.map((head) => [nameOf(head), head] as const))(
    'has the errors of the loss graph (%s)',
    (_name, head) => {
      const spec = netOf(head);
      const { channels } = record(spec, SEQUENCES);
      const windows = validationWindows(SEQUENCES, { inputs: 2, channels: 2, length: 8, lanes: 3 });
      const evaluator = new Evaluator(spec, windows);
      const { mse } = evaluator.evaluate(initialParameters(spec, 3));
      evaluator.close();
      const values = channels.reduce((sum, one) => sum + one.values, 0);
      // Back to normalised units: the scales are 1 and 2.
      const squares = (errors: (one: (typeof channels)[number]) => number): number =>
        channels.reduce((sum, one, c) => sum + (one.values * errors(one) ** 2) / 4 ** c, 0) / values;
      expect(squares(({ net }) => net.rmse)).toBeCloseTo(mse, 5);
      expect(squares(({ persistence }) => persistence.rmse)).toBeCloseTo(persistenceMse(windows), 5);
      for (const { net, calibration, values: count } of channels) {
        expect(net.mae).toBeLessThan(net.rmse);
        expect(calibration === undefined).toBe(head.objective === 'mse');
        if (calibration === undefined) continue;
        for (const bins of [calibration.pit, calibration.standardised]) {
          expect(bins.reduce((sum, one) => sum + one, 0)).toBe(count);
        }
        const { coverage, pit } = calibration;
        expect(coverage.map(({ nominal }) => nominal)).toEqual([0.5, 0.8, 0.9, 0.95, 0.99]);
        // The middle 18 of 20 equally likely intervals are the central 90 %.
        expect(coverage[2].observed).toBeCloseTo(pit.slice(1, 19).reduce((sum, one) => sum + one, 0) / count, 9);
      }
    },
  );

  it('does not depend on how the tail is cut into lanes and windows', () => {
    const spec = netOf({ objective: 'gaussian' });
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 20 }), fc.integer({ min: 1, max: 5 }), (length, lanes) => {
        // The state is warm long before the tail either way: the pieces begin where their sequence does.
        const [here, there] = [record(spec, SEQUENCES), record(spec, SEQUENCES, length, lanes)];
        expect(there.heldOut.map(({ stream, channel, us }) => [stream, channel, us])).toEqual(
          here.heldOut.map(({ stream, channel, us }) => [stream, channel, us]),
        );
        there.heldOut.forEach(({ expected }, i) => expect(expected).toEqual(near(here.heldOut[i].expected)));
        expect(there.channels.map(({ net }) => net.rmse)).toEqual(near(here.channels.map(({ net }) => net.rmse)));
      }),
      { numRuns: 10 },
    );
  });

  it('shows each value at its time and in its unit, beside the mean and the band that were foretold', () => {
    const spec = netOf({ objective: 'gaussian' });
    const [sequence] = SEQUENCES;
    const { heldOut } = record(spec, [sequence]);
    expect(heldOut.map(({ stream, channel, every }) => [stream, channel, every])).toEqual([
      ['b', 0, 1],
      ['b', 1, 1],
    ]);
    const session = new OrtSession(buildSequenceGraph(spec, initialParameters(spec, 3)));
    const state = tensorOf(new Float32Array(stateWidth(spec)), [1, stateWidth(spec)]);
    const y = float32Of(session.run({ x: tensorOf(sequence.x, [90, 1, 2]), state }, { y: null }), 'y');
    session.close();
    const rows = Array.from({ length: 29 }, (_, i) => 61 + i).filter((row) => sequence.observed[2 * row + 1] === 1);
    const [, { us, observed, expected, low = [], high = [] }] = heldOut;
    expect(us).toEqual(rows.map((row) => sequence.fromUs + row * STEP_US));
    rows.forEach((row, i) => {
      const mean = y[4 * (row - 1) + 1];
      const deviation = Math.exp(y[4 * (row - 1) + 3] / 2);
      expect(observed[i]).toBeCloseTo(20 + 2 * sequence.x[2 * row + 1], 5);
      expect(expected[i]).toBeCloseTo(20 + 2 * mean, 4);
      expect(low[i]).toBeCloseTo(fromZ(mean - 1.96 * deviation, 20, 2), 3);
      expect(high[i]).toBeCloseTo(fromZ(mean + 1.96 * deviation, 20, 2), 3);
    });
  });

  it('stays small however long the tail is, and loses neither the order nor the value that was missed most', () => {
    const spec = netOf({ objective: 'gaussian' }, 1);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6000 }), fc.nat(), (rows, at) => {
        const sequence = stretch('pump', rows, 0, 5, 1);
        const fault = 1 + (at % (rows - 1));
        sequence.x[fault] = 40;
        sequence.observed[fault] = 1;
        const [{ us, observed, every }] = record(spec, [sequence]).heldOut;
        expect(us.length).toBeLessThanOrEqual(1000);
        expect(every === 1).toBe(rows - 1 <= 1000);
        expect(us).toEqual(us.toSorted((a, b) => a - b));
        expect(new Set(us).size).toBe(us.length);
        expect(toZ(observed[us.indexOf(sequence.fromUs + fault * STEP_US)], 10, 1)).toBeCloseTo(40, 3);
      }),
      { numRuns: 15 },
    );
  });

  it('shows of every channel the streams that are foretold worst, and never more series than a page can', () => {
    const streams = Array.from({ length: 30 }, (_, s) => stretch(`pump ${s}`, 20, 5, s + 1));
    for (const s of [7, 19]) for (let i = 0; i < 40; i += 2) streams[s].x[i] += i % 4 === 0 ? 2 : -2;
    const { heldOut } = record(netOf({ objective: 'mse' }), streams);
    expect(heldOut).toHaveLength(24);
    const worst = heldOut.filter(({ channel }) => channel === 0).slice(0, 2);
    expect(worst.map(({ stream }) => stream).toSorted()).toEqual(['pump 19', 'pump 7']);
    expect(heldOut.every(({ low, high }) => low === undefined && high === undefined)).toBe(true);
    const wide = stretch('wide', 20, 5, 1, 40);
    expect(record(netOf({ objective: 'mse' }, 40), [wide]).heldOut.map(({ channel }) => channel)).toHaveLength(24);
  });

  it('says nothing of spread where no value was held out', () => {
    const spec = netOf({ objective: 'gaussian' }, 1);
    const silent = stretch('silent', 20, 5, 1, 1);
    silent.observed.fill(0);
    expect(record(spec, [silent])).toEqual({
      channels: [{ values: 0, net: { rmse: 0, mae: 0 }, persistence: { rmse: 0, mae: 0 } }],
      heldOut: [],
    });
  });
});

/** A slow swing with lognormal noise on top: most values a little below their mean, some far above. */
function learntFromSkewedNoise(objective: TrainOptions['objective']): TrainedNet {
  const values = Float64Array.from({ length: 4000 }, (_, t) => 10 + Math.sin(t / 9) + Math.exp(normal(7, 0, t)));
  const series = seriesOf({
    stream: 'pump',
    us: values.map((_, t) => t * STEP_US),
    values,
    mask: new Uint8Array(values.length).fill(1),
    starts: Uint8Array.from(values, (_, t) => (t === 0 ? 1 : 0)),
  });
  const options = trainSchema.parse({ objective, hidden: 8, maxEpochs: 60, validationFraction: 0.4 });
  const dataset = prepareDataset([series], {
    channels: ['x'],
    stepUs: STEP_US,
    calendar: [],
    noiseFloors: [0],
    validationFraction: options.validationFraction,
    fewestSamples: 64,
  });
  return runJob(trainJob(dataset, options));
}

/** Parts of the held-out values that are outside of the quantiles 5 and 95 %, and between them. */
function shares(objective: TrainOptions['objective']): { below: number; above: number; within: number } {
  const { record } = learntFromSkewedNoise(objective);
  const { calibration, values } = record.channels[0];
  const { pit, coverage } = calibration as Calibration;
  return { below: pit[0] / values, above: pit[19] / values, within: coverage[2].observed };
}

describe('under noise that is larger on one side', () => {
  it('the quantiles of a pinball head hold as many values below and above as they say, those of a normal one do not', () => {
    const [pinball, gaussian] = [shares('pinball'), shares('gaussian')];
    console.log(`outside of 5 … 95 %: pinball ${JSON.stringify(pinball)}, gaussian ${JSON.stringify(gaussian)}`);
    expect(Math.abs(pinball.below - 0.05)).toBeLessThan(0.02);
    expect(Math.abs(pinball.above - 0.05)).toBeLessThan(0.02);
    expect(Math.abs(pinball.within - 0.9)).toBeLessThan(0.025);
    expect(gaussian.below).toBeLessThan(0.01);
    expect(gaussian.above).toBeGreaterThan(5 * gaussian.below);
  });

  it('the band that is shown is wider above than below', () => {
    const { heldOut } = learntFromSkewedNoise('pinball').record;
    const [{ expected, low, high }] = heldOut as readonly [Required<HeldOutSeries>];
    const asymmetry = expected.map((mean, i) => (high[i] - mean) / (mean - low[i]));
    expect(asymmetry.reduce((sum, one) => sum + one, 0) / asymmetry.length).toBeGreaterThan(1.5);
  });
});
