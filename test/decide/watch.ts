/**
 * Runs the anomaly decider as the pipeline would: channels normalised by what a calibration part says, forecasts by a
 * first-order autoregression fitted to that part (a modest net), the calibration replayed into the statistics.
 */
import { silentLog } from '../../src/core/log.js';
import { Counters } from '../../src/core/counters.js';
import type { ChannelScale, ModelCard, Objective } from '../../src/core/card.js';
import type { Batch } from '../../src/core/contracts.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { type AnomalyDecider, anomalyKind } from '../../src/decide/anomaly.js';
import { fitScale, fromZ, toZ } from '../../src/feature/scaling.js';

export const STEP_US = 1_000_000;
export const START_US = 1_700_000_000_000_000;

/** Values by channel: [channels][steps]. */
export type Series = readonly Float64Array[];

/** As much of a model card as a decider reads. */
export function cardOf(channels: number, objective: Objective, calibration?: ModelCard['calibration']): ModelCard {
  return {
    format: 'kioku-model',
    version: 1,
    name: 'test',
    task: 'forecast',
    model: 'model.onnx',
    modelSha256: '0'.repeat(64),
    inputs: { x: { name: 'x', shape: ['B', channels] } },
    outputs: { y: { name: 'y', shape: ['B', channels * (objective === 'gaussian' ? 2 : 1)] } },
    states: [],
    stepUs: STEP_US,
    channels: Array.from({ length: channels }, (_, c) => ({ name: `c${c}`, aggregate: 'mean' as const })),
    calendar: [],
    objective,
    normalisation: { pooled: [], streams: {} },
    ...(calibration === undefined ? {} : { calibration }),
    training: {
      cell: 'gru',
      hidden: 1,
      layers: 1,
      dropout: 0,
      parameters: 1,
      seed: 0,
      optimiserSteps: 0,
      epochs: 0,
      trainLoss: 0,
      validationLoss: 0,
      persistenceMse: 0,
      validationMse: 0,
      seconds: 0,
      rows: 0,
      streams: 1,
      from: '',
      to: '',
      createdAt: '',
      kioku: '',
    },
    licence: 'CC0-1.0',
  };
}

/** A batch of one row. */
export function rowOf(channels: number): Batch {
  return {
    n: 1,
    width: channels,
    slot: new Int32Array(1),
    us: new Float64Array(1),
    seq: new Float64Array(1),
    data: new Float32Array(channels),
    mask: new Uint8Array(channels).fill(1),
    gap: new Uint8Array(1),
    settled: new Uint8Array(1).fill(1),
  };
}

interface Fit {
  readonly scale: ChannelScale;
  /** z[t + 1] ≈ phi · z[t] + bias, with residual log-variance. */
  readonly phi: number;
  readonly bias: number;
  readonly logVariance: number;
}

function fit(values: Float64Array): Fit {
  const scale = fitScale(values, 0);
  const z = values.map((v) => toZ(v, scale.center, scale.scale));
  const n = z.length - 1;
  let x = 0;
  let y = 0;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let t = 0; t < n; t++) {
    x += z[t] / n;
    y += z[t + 1] / n;
    xx += z[t] ** 2 / n;
    xy += (z[t] * z[t + 1]) / n;
    yy += z[t + 1] ** 2 / n;
  }
  const phi = xx > x * x ? (xy - x * y) / (xx - x * x) : 0;
  const variance = yy - y * y - phi * phi * (xx - x * x);
  return { scale, phi, bias: y - phi * x, logVariance: Math.log(Math.max(variance, 1e-6)) };
}

export class Watch {
  readonly events: KiokuEvent[] = [];
  readonly decider: AnomalyDecider;
  readonly #fits: readonly Fit[];
  readonly #row: Batch;
  readonly #output: Float32Array;
  #us = START_US;

  /** Fits to `calibration` and replays it. */
  constructor(
    calibration: Series,
    readonly objective: Objective = 'gaussian',
    options: Record<string, unknown> = {},
  ) {
    this.#fits = calibration.map(fit);
    const channels = calibration.length;
    this.decider = anomalyKind.create(anomalyKind.schema.parse({ kind: 'anomaly', ...options }), {
      name: 'test',
      baseDir: '/',
      counters: new Counters(),
      log: silentLog,
      card: cardOf(channels, objective),
      capacity: 1,
      provider: 'test/cpu',
      scaler: {
        toUnits: (_slot, channel, z) => fromZ(z, this.#fits[channel].scale.center, this.#fits[channel].scale.scale),
      },
    });
    this.#row = rowOf(channels);
    this.#output = new Float32Array(channels * (objective === 'gaussian' ? 2 : 1));
    this.decider.open(0, 'plant/pump');
    this.decider.learnOnly = true;
    this.run(calibration);
    this.decider.learnOnly = false;
  }

  /** Event time of the next row. */
  get us(): number {
    return this.#us;
  }

  /** Watches more rows. @param from,to range of rows; all by default */
  run(series: Series, from = 0, to = series[0].length): void {
    const emit = (event: KiokuEvent): void => void this.events.push(event);
    for (let t = from; t < to; t++) {
      for (let c = 0; c < series.length; c++) {
        const { scale, phi, bias, logVariance } = this.#fits[c];
        const z = toZ(series[c][t], scale.center, scale.scale);
        this.#row.data[c] = z;
        this.#output[c] = phi * z + bias;
        if (this.objective === 'gaussian') this.#output[series.length + c] = logVariance;
      }
      this.#row.us[0] = this.#us;
      this.decider.push(this.#output, this.#row, emit);
      this.#us += STEP_US;
    }
  }

  /** Time passes without data. */
  silence(steps: number): void {
    for (let step = 1; step <= steps; step++) {
      this.#us += STEP_US;
      this.decider.silence(0, step, this.#us, (event) => void this.events.push(event));
    }
    this.decider.silence(0, 0, this.#us, (event) => void this.events.push(event));
    this.#row.gap[0] = 1;
  }
}

/** `steps` values of a signal. */
export function seriesOf(signal: (t: number) => number, steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => signal(t));
}
