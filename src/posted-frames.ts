/**
 * Frames on their way to another thread: all numbers in one block that changes its owner, because to clone each array by
 * itself costs more than a small net's step. Copied once: the frames stay whole for whoever else has them.
 */
import type { Frame, Signal } from './core/contracts.js';

/** What stands in the block for each frame, before the data of all of them. */
const HEAD = {
  source: 0,
  seq: 1,
  us: 2,
  arrivedUs: 3,
  sequence: 4,
  signal: 5,
  length: 6,
  flags: 7,
  fields: 8,
} as const;
const UNSTAMPED = 1;
const MASKED = 2;
const SEQUENCED = 4;
/** The mark, as its place in `MARKS`, is in the bits from here on. */
const MARK_SHIFT = 3;
const MARKS = [undefined, 'start', 'gap', 'end'] as const;

export interface PostedFrames {
  readonly streams: readonly string[];
  /** Each once; frames of one source share them. */
  readonly signals: readonly Signal[];
  /** Heads of all frames, then their data. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Masks of the frames that have one. */
  readonly masks: Uint8Array<ArrayBuffer>;
}

export function packFrames(frames: readonly Frame[]): PostedFrames {
  let size = HEAD.fields * frames.length;
  let maskSize = 0;
  for (const { data, mask } of frames) {
    size += data.length;
    maskSize += mask?.length ?? 0;
  }
  const streams: string[] = [];
  const signals = new Map<Signal, number>();
  const numbers = new Float64Array(size);
  const masks = new Uint8Array(maskSize);
  let head = 0;
  let dataAt = HEAD.fields * frames.length;
  let maskAt = 0;
  for (const { stream, source, seq, us, arrivedUs, unstamped, signal, data, mask, sequence, mark } of frames) {
    streams.push(stream);
    let flags = MARKS.indexOf(mark) << MARK_SHIFT;
    if (unstamped === true) flags |= UNSTAMPED;
    if (mask !== undefined) {
      flags |= MASKED;
      masks.set(mask, maskAt);
      maskAt += mask.length;
    }
    if (sequence !== undefined) {
      flags |= SEQUENCED;
      numbers[head + HEAD.sequence] = sequence;
    }
    numbers[head + HEAD.source] = source;
    numbers[head + HEAD.seq] = seq;
    numbers[head + HEAD.us] = us;
    numbers[head + HEAD.arrivedUs] = arrivedUs;
    numbers[head + HEAD.signal] = numberOf(signal, signals);
    numbers[head + HEAD.length] = data.length;
    numbers[head + HEAD.flags] = flags;
    head += HEAD.fields;
    numbers.set(data, dataAt);
    dataAt += data.length;
  }
  return { streams, signals: [...signals.keys()], numbers, masks };
}

/** What shall change its owner when `posted` is sent. */
export function blocksOf({ numbers, masks }: PostedFrames): ArrayBuffer[] {
  return [numbers.buffer, masks.buffer];
}

/** The inverse of `packFrames`; the frames are views into its blocks. */
export function unpackFrames({ streams, signals, numbers, masks }: PostedFrames): Frame[] {
  let dataAt = HEAD.fields * streams.length;
  let maskAt = 0;
  return streams.map((stream, i) => {
    const head = i * HEAD.fields;
    const flags = numbers[head + HEAD.flags];
    const mark = MARKS[flags >> MARK_SHIFT];
    const data = numbers.subarray(dataAt, (dataAt += numbers[head + HEAD.length]));
    const frame: { -readonly [K in keyof Frame]: Frame[K] } = {
      stream,
      source: numbers[head + HEAD.source],
      seq: numbers[head + HEAD.seq],
      us: numbers[head + HEAD.us],
      arrivedUs: numbers[head + HEAD.arrivedUs],
      signal: signals[numbers[head + HEAD.signal]],
      data,
    };
    if ((flags & UNSTAMPED) !== 0) frame.unstamped = true;
    if ((flags & MASKED) !== 0) frame.mask = masks.subarray(maskAt, (maskAt += data.length));
    if ((flags & SEQUENCED) !== 0) frame.sequence = numbers[head + HEAD.sequence];
    if (mark !== undefined) frame.mark = mark;
    return frame;
  });
}

function numberOf(signal: Signal, signals: Map<Signal, number>): number {
  const known = signals.get(signal);
  if (known !== undefined) return known;
  signals.set(signal, signals.size);
  return signals.size - 1;
}
