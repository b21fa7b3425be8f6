/**
 * A stream's state as bytes, for a file, a message or another machine. Little-endian:
 *
 *     magic "KIOKUSNP" · u32 version · text model · text stream · f64 us
 *     u32 sources · (u32 source, f64 seq)* · u32 parts · (text stage, u32 length, bytes)* · u32 CRC-32 of all before
 *
 * where a text is u32 length and UTF-8. The parts carry their own version in their first byte (`PerSlot.save`).
 */
import { crc32 } from 'node:zlib';
import { UserError } from '../core/errors.js';
import type { Snapshot } from '../core/snapshot.js';

const MAGIC = 'KIOKUSNP';
const VERSION = 1;
const HEADER_BYTES = MAGIC.length + 4;
const CRC_BYTES = 4;

function invalid(what: string, hint: string): UserError {
  return new UserError('SNAPSHOT_INVALID', what, { hint });
}

/** @returns bytes that `decodeSnapshot` turns back into an equal snapshot, on any machine */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const model = Buffer.from(snapshot.model);
  const stream = Buffer.from(snapshot.stream);
  const stages = [...snapshot.parts].map(([stage, bytes]) => ({ stage: Buffer.from(stage), bytes }));
  let size = HEADER_BYTES + 4 + model.length + 4 + stream.length + 8 + 4 + snapshot.through.size * 12 + 4 + CRC_BYTES;
  for (const { stage, bytes } of stages) size += 4 + stage.length + 4 + bytes.length;

  const out = Buffer.alloc(size);
  let at = out.write(MAGIC, 'latin1');
  at = out.writeUInt32LE(snapshot.version, at);
  const putBytes = (bytes: Uint8Array): void => {
    at = out.writeUInt32LE(bytes.length, at);
    out.set(bytes, at);
    at += bytes.length;
  };
  putBytes(model);
  putBytes(stream);
  at = out.writeDoubleLE(snapshot.us, at);
  at = out.writeUInt32LE(snapshot.through.size, at);
  for (const [source, seq] of snapshot.through) {
    at = out.writeUInt32LE(source, at);
    at = out.writeDoubleLE(seq, at);
  }
  at = out.writeUInt32LE(stages.length, at);
  for (const { stage, bytes } of stages) {
    putBytes(stage);
    putBytes(bytes);
  }
  out.writeUInt32LE(crc32(out.subarray(0, at)), at);
  // Not the Buffer itself: its `slice` is a view, unlike that of the type which is promised.
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

/** Reads forward and never past the end: lengths come from outside. */
class Reader {
  #at = HEADER_BYTES;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#advance(4));
  }

  f64(): number {
    return this.bytes.readDoubleLE(this.#advance(8));
  }

  /** A copy: a view would keep the whole snapshot alive, and change with it. */
  block(): Uint8Array {
    const length = this.u32();
    const start = this.#advance(length);
    return Uint8Array.from(this.bytes.subarray(start, start + length));
  }

  text(): string {
    return Buffer.from(this.block()).toString();
  }

  #advance(bytes: number): number {
    if (bytes > this.left) throw invalid('the saved state ends too early', 'take an older copy, or start anew');
    const start = this.#at;
    this.#at += bytes;
    return start;
  }
}

/**
 * The inverse of `encodeSnapshot`. Whether it fits the model that runs is `assertSnapshotModel`'s question.
 * @throws UserError `SNAPSHOT_INVALID` when the bytes are damaged, cut, no snapshot, or of another version
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < HEADER_BYTES + CRC_BYTES || all.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw invalid('these bytes are not a saved state of kioku', 'check that the right file was given');
  }
  const version = all.readUInt32LE(MAGIC.length);
  if (version !== VERSION) {
    throw invalid(
      `the saved state has version ${version}, this kioku reads version ${VERSION}`,
      'use the kioku that wrote it, or start this stream anew',
    );
  }
  const end = all.length - CRC_BYTES;
  if (crc32(all.subarray(0, end)) !== all.readUInt32LE(end)) {
    throw invalid('the saved state is damaged (its checksum differs)', 'take an older copy, or start this stream anew');
  }
  const reader = new Reader(all.subarray(0, end));
  const model = reader.text();
  const stream = reader.text();
  const us = reader.f64();
  const through = new Map<number, number>();
  for (let i = reader.u32(); i > 0; i--) {
    const source = reader.u32();
    through.set(source, reader.f64());
  }
  const parts = new Map<string, Uint8Array>();
  for (let i = reader.u32(); i > 0; i--) {
    const stage = reader.text();
    parts.set(stage, reader.block());
  }
  if (reader.left > 0) throw invalid('the saved state goes on after its end', 'take an older copy, or start anew');
  return { version: VERSION, model, stream, us, through, parts };
}

/**
 * State is numbers whose meaning only one model knows: refuses to hand it to another.
 * @param modelSha256 hash of the running model (`ModelCard.modelSha256`)
 * @throws UserError `SNAPSHOT_INVALID`
 */
export function assertSnapshotModel(snapshot: Snapshot, modelSha256: string): void {
  if (snapshot.model === modelSha256) return;
  throw invalid(
    `the saved state of '${snapshot.stream}' belongs to model ${snapshot.model.slice(0, 12)}…, ` +
      `the running one is ${modelSha256.slice(0, 12)}…`,
    'run the model it was saved with, or start this stream anew',
  );
}
