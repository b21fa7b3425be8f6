/** What there is to say about a net on the held-out tail: figures of each channel, and the series it foretells worst. */
import type { Micros } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { fromZ } from '../feature/scaling.js';
import { visitHeldOut } from './held-out.js';
import type { NetSpec } from './net-spec.js';
import type { HeldOutSeries, NetRecord } from './record.js';
import type { MeasuredSequence, Sequence } from './sequence.js';
import { ChannelTally, ErrorTally } from './tally.js';
import { ThinnedSeries } from './thinned-series.js';
import type { Windows } from './windows.js';

/** Series that are shown, at most. */
const MOST_SERIES = 24;

/** Where a sequence is in its stream. */
interface Place extends Pick<MeasuredSequence, 'fromUs' | 'scales'> {
  /** Index of the stream. */
  readonly stream: number;
  /** To be added to a row: which held-out time step of the stream it is, 0, 1, 2, … */
  readonly offset: number;
}

/** A channel of a stream. */
interface Entry {
  readonly stream: number;
  readonly channel: number;
  /** In the channel's unit. */
  readonly errors: ErrorTally;
  /** In normalised units, which can be compared. */
  readonly normalised: ErrorTally;
}

/**
 * @param parameters [N]
 * @param windows the held-out samples of `sequences`
 */
export function heldOutRecord(
  spec: NetSpec,
  parameters: Float32Array,
  windows: Windows,
  sequences: readonly MeasuredSequence[],
  stepUs: Micros,
): Pick<NetRecord, 'channels' | 'heldOut'> {
  const { streams, steps, places } = placesOf(sequences);
  const { entries, channels } = tallied(spec, parameters, windows, places, streams.length);
  const worst = worstOf(entries, spec.channels);
  const thinned = new Map(worst.map((entry) => [entry, new ThinnedSeries(steps[entry.stream])]));
  visitHeldOut(spec, parameters, windows, ({ sequence, row, channel, observed, foretold }) => {
    const { stream, scales, fromUs, offset } = placeOf(places, sequence);
    const series = thinned.get(entries[stream * spec.channels + channel]);
    series?.add(offset + row, fromUs + row * stepUs, observed, foretold, scales[channel]);
  });
  const spread = spec.objective !== 'mse';
  const heldOut = Array.from(thinned, ([{ stream, channel, errors }, series]): HeldOutSeries => {
    return Object.assign(series.columns(spread), { stream: streams[stream], channel, net: errors.errors() });
  });
  return { channels, heldOut };
}

function tallied(
  spec: NetSpec,
  parameters: Float32Array,
  windows: Windows,
  places: ReadonlyMap<Sequence, Place>,
  streams: number,
): { entries: readonly Entry[]; channels: NetRecord['channels'] } {
  const spread = spec.objective !== 'mse';
  const channels = Array.from({ length: spec.channels }, () => new ChannelTally());
  const entries = Array.from({ length: streams * spec.channels }, (_, i): Entry => {
    const [stream, channel] = [Math.floor(i / spec.channels), i % spec.channels];
    return { stream, channel, errors: new ErrorTally(), normalised: new ErrorTally() };
  });
  visitHeldOut(spec, parameters, windows, ({ sequence, channel, observed, last, foretold }) => {
    const { stream, scales } = placeOf(places, sequence);
    const { center, scale } = scales[channel];
    const value = fromZ(observed, center, scale);
    const error = value - fromZ(foretold.mean, center, scale);
    channels[channel].add(error, value - fromZ(last, center, scale));
    if (spread) channels[channel].calibration.add(observed, foretold);
    const entry = entries[stream * spec.channels + channel];
    entry.errors.add(error);
    entry.normalised.add(observed - foretold.mean);
  });
  return {
    entries,
    channels: channels.map((channel) => channel.record()),
  };
}

/** Streams in the order in which they are first met, how many held-out time steps each has, and where each sequence is. */
function placesOf(sequences: readonly MeasuredSequence[]): {
  streams: readonly string[];
  steps: readonly number[];
  places: ReadonlyMap<Sequence, Place>;
} {
  const numbers = new Map<string, number>();
  const steps: number[] = [];
  const places = new Map<Sequence, Place>();
  for (const sequence of sequences) {
    const { stream: name, fromUs, scales, rows, split } = sequence;
    const stream = numbers.get(name) ?? numbers.size;
    numbers.set(name, stream);
    const before = steps[stream] ?? 0;
    places.set(sequence, { stream, fromUs, scales, offset: before - split - 1 });
    steps[stream] = before + rows - split - 1;
  }
  return { streams: [...numbers.keys()], steps, places };
}

function placeOf(places: ReadonlyMap<Sequence, Place>, sequence: Sequence): Place {
  const place = places.get(sequence);
  if (place === undefined) throw new BugError('a value is of a sequence that nobody has named');
  return place;
}

/** Of every channel equally many streams, the worst first; of too many channels the worst. */
function worstOf(entries: readonly Entry[], channels: number): readonly Entry[] {
  const rank = (some: readonly Entry[]): Entry[] =>
    some.filter(({ errors }) => errors.values > 0).toSorted((a, b) => errorOf(b) - errorOf(a));
  const each = Math.max(1, Math.floor(MOST_SERIES / channels));
  const ofEach = Array.from({ length: channels }, (_, channel) =>
    rank(entries.filter((entry) => entry.channel === channel)).slice(0, each),
  );
  return channels <= MOST_SERIES ? ofEach.flat() : rank(ofEach.flat()).slice(0, MOST_SERIES);
}

function errorOf({ normalised }: Entry): number {
  return normalised.errors().rmse;
}
