/**
 * Audio → the chunks that a streaming recogniser's encoder eats: each sees `chunkFrames` feature frames and advances by
 * `shiftFrames`, so that what lies beyond the shift is seen twice: the model's right context.
 *
 *     chunk k = frames k·shift … k·shift + chunkFrames − 1,  given when one frame more is there (as sherpa-onnx does)
 */
import type { Batch, Feature, Frame, FrameExtractor, Micros, Slot } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { unfitState } from '../core/saved-state.js';
import { FrameQueue } from './frame-queue.js';
import { ReadySlots, type GiveWaiting } from './ready-slots.js';

const VERSION = 1;
const SAVED = 'the features of a stream';
/** Saved before everything else: origin, last packet, chunks given, gap, flushed, frames that wait. */
const HEAD_FIELDS = 6;

/**
 * A streaming model tells of a word a little after it was spoken. icefall's own evaluation puts 36 frames behind every
 * utterance, because its models lose their last words otherwise ("tail deletion").
 */
const EMISSION_DELAY_FRAMES = 36;

/** How a model eats feature frames; a `RecogniserModel` is one. */
export interface ChunkShape {
  readonly chunkFrames: number;
  readonly shiftFrames: number;
  readonly features: { readonly sampleRateHz: number };
}

interface Memory {
  readonly extractor: FrameExtractor;
  readonly queue: FrameQueue;
  /** Time of the first sample; NaN until there is one. */
  originUs: Micros;
  /** Chunks given since the origin. */
  chunks: number;
  /** The next chunk is the first after a gap. */
  gap: boolean;
  /** Padded: no samples can follow. */
  flushed: boolean;
  seq: number;
}

export class ChunkedFrames implements Feature {
  readonly names: readonly string[];
  readonly shiftUs: Micros;
  /**
   * Silence that `flush` puts behind the audio: as long as the chunk, so that the last real frame leaves the right context
   * and is advanced over, and the time in which the model may still tell of it.
   */
  readonly tailPaddingMs: number;
  readonly #shape: ChunkShape;
  readonly #makeExtractor: () => FrameExtractor;
  readonly #silence: Float64Array;
  readonly #memories: (Memory | undefined)[] = [];
  readonly #ready: ReadySlots;
  readonly #giveWaiting: GiveWaiting = (slot, out) => {
    const memory = this.#memories[slot];
    if (memory === undefined || !this.#isReady(memory)) return false;
    this.#give(memory, slot, out);
    return this.#isReady(memory);
  };

  /**
   * @param makeExtractor a new extractor for mono audio of the shape's rate, one for each slot that is used
   * @param capacity streams, ≥ 1
   */
  constructor(shape: ChunkShape, makeExtractor: () => FrameExtractor, capacity: number) {
    const { names, hopSamples } = makeExtractor();
    const { chunkFrames, shiftFrames, features } = shape;
    const padding = chunkFrames + EMISSION_DELAY_FRAMES;
    this.names = Array.from({ length: chunkFrames }, (_, t) => names.map((name) => `${name}[${t}]`)).flat();
    this.shiftUs = (shiftFrames * hopSamples * 1e6) / features.sampleRateHz;
    this.tailPaddingMs = (padding * hopSamples * 1000) / features.sampleRateHz;
    this.#shape = shape;
    this.#makeExtractor = makeExtractor;
    this.#silence = new Float64Array(padding * hopSamples);
    this.#ready = new ReadySlots(capacity);
  }

  open(slot: Slot, _stream: string): void {
    const memory = (this.#memories[slot] ??= this.#newMemory());
    this.#forget(memory, false);
  }

  /** @param frame mono audio of the model's rate; one marked `gap` may only follow a flush whose chunks were taken */
  push(slot: Slot, frame: Frame): void {
    const { signal, data } = frame;
    const { sampleRateHz } = this.#shape.features;
    if (signal.kind !== 'audio' || signal.channels !== 1 || signal.rateHz !== sampleRateHz) {
      throw new BugError(`a recogniser takes mono audio of ${sampleRateHz} Hz, got ${JSON.stringify(signal)}`);
    }
    const memory = this.#memoryOf(slot);
    if (memory.flushed || frame.mark === 'gap') this.#beginAnew(memory);
    if (data.length === 0) return;
    if (Number.isNaN(memory.originUs)) memory.originUs = frame.us;
    memory.seq = frame.seq;
    memory.extractor.push(data, 0, data.length);
    this.#collect(memory, slot);
  }

  /** The audio of this slot is over: puts silence behind it. What is pushed next, after all was taken, begins anew. */
  flush(slot: Slot): void {
    const memory = this.#memoryOf(slot);
    if (memory.flushed || Number.isNaN(memory.originUs)) return;
    memory.flushed = true;
    memory.extractor.push(this.#silence, 0, this.#silence.length);
    memory.extractor.flush();
    this.#collect(memory, slot);
    memory.extractor.reset();
  }

  leave(slot: Slot): void {
    this.#memories[slot] = undefined;
  }

  take(out: Batch): number {
    return this.#ready.fill(out, this.#giveWaiting);
  }

  /** Chunks that were not taken yet are part of it. */
  save(slot: Slot): Uint8Array {
    const { extractor, queue, originUs, seq, chunks, gap, flushed } = this.#memoryOf(slot);
    const { size } = queue;
    const numbers = new Float64Array(HEAD_FIELDS + size);
    numbers.set([originUs, seq, chunks, gap ? 1 : 0, flushed ? 1 : 0, size]);
    for (let i = 0; i < size; i++) numbers[HEAD_FIELDS + i] = queue.seq(i);
    const frames = new Float32Array(size * extractor.width);
    queue.copyTo(frames, 0, size);
    const parts = [new Uint8Array(numbers.buffer), new Uint8Array(frames.buffer), extractor.save()];
    return Uint8Array.from(Buffer.concat([Uint8Array.of(VERSION), ...parts]));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const memory = this.#memoryOf(slot);
    const { extractor, queue } = memory;
    const headBytes = HEAD_FIELDS * Float64Array.BYTES_PER_ELEMENT;
    if (bytes[0] !== VERSION || bytes.length < 1 + headBytes) throw unfitState(SAVED);
    const [originUs, seq, chunks, gap, flushed, size] = new Float64Array(bytes.slice(1, 1 + headBytes).buffer);
    const seqsAt = 1 + headBytes;
    const framesAt = seqsAt + size * Float64Array.BYTES_PER_ELEMENT;
    const extractorAt = framesAt + size * extractor.width * Float32Array.BYTES_PER_ELEMENT;
    if (!Number.isSafeInteger(size) || size < 0 || extractorAt > bytes.length) throw unfitState(SAVED);
    // First, because it may throw.
    extractor.load(bytes.slice(extractorAt));
    const seqs = new Float64Array(bytes.slice(seqsAt, framesAt).buffer);
    const frames = new Float32Array(bytes.slice(framesAt, extractorAt).buffer);
    queue.clear();
    for (let i = 0; i < size; i++) {
      const at = queue.add(seqs[i]);
      queue.frames.set(frames.subarray(i * extractor.width, (i + 1) * extractor.width), at);
    }
    Object.assign(memory, { originUs, seq, chunks, gap: gap === 1, flushed: flushed === 1 });
    if (this.#isReady(memory)) this.#ready.add(slot);
  }

  #newMemory(): Memory {
    const extractor = this.#makeExtractor();
    const queue = new FrameQueue(extractor.width, 2 * this.#shape.chunkFrames);
    return { extractor, queue, originUs: Number.NaN, seq: 0, chunks: 0, gap: false, flushed: false };
  }

  #memoryOf(slot: Slot): Memory {
    const memory = this.#memories[slot];
    if (memory === undefined) throw new BugError(`slot ${slot} of the chunks was not opened`);
    return memory;
  }

  #forget(memory: Memory, gap: boolean): void {
    memory.extractor.reset();
    memory.queue.clear();
    memory.originUs = Number.NaN;
    memory.seq = 0;
    memory.chunks = 0;
    memory.gap = gap;
    memory.flushed = false;
  }

  #beginAnew(memory: Memory): void {
    const over = memory.flushed || Number.isNaN(memory.originUs);
    if (!over || this.#isReady(memory))
      throw new BugError('audio goes on before what was said earlier was flushed and taken');
    this.#forget(memory, true);
  }

  /** Moves what the extractor has finished to the queue, so that a chunk can look at a frame twice. */
  #collect(memory: Memory, slot: Slot): void {
    const { extractor, queue, seq } = memory;
    while (extractor.ready > 0) {
      const at = queue.add(seq);
      extractor.take(queue.frames, at);
    }
    if (this.#isReady(memory)) this.#ready.add(slot);
  }

  #isReady({ queue }: Memory): boolean {
    return queue.size > this.#shape.chunkFrames;
  }

  #give(memory: Memory, slot: Slot, out: Batch): void {
    const { chunkFrames, shiftFrames } = this.#shape;
    const { queue } = memory;
    const i = out.n++;
    const width = this.names.length;
    out.slot[i] = slot;
    out.us[i] = memory.originUs + memory.chunks * this.shiftUs;
    out.seq[i] = queue.seq(chunkFrames);
    out.gap[i] = memory.gap ? 1 : 0;
    out.settled[i] = 1;
    queue.copyTo(out.data, i * width, chunkFrames);
    out.mask.fill(1, i * width, (i + 1) * width);
    queue.drop(shiftFrames);
    memory.chunks++;
    memory.gap = false;
  }
}
