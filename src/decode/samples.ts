/** Bytes of raw audio → samples in [-1, 1): an integer is divided by the size of the most negative one. */
import type { SampleFormat } from '../core/pcm-format.js';

/** Fills `out` from the samples that begin at `from`. */
type ReadSamples = (bytes: Uint8Array, from: number, out: Float64Array) => void;

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

export const READ_SAMPLES: Readonly<Record<SampleFormat, ReadSamples>> = {
  u8: (bytes, from, out) => {
    for (let i = 0; i < out.length; i++) out[i] = (bytes[from + i] - 128) / 128;
  },
  s16le: (bytes, from, out) => {
    // The sign comes with the upper byte, shifted to the top of 32 bits and back.
    for (let i = 0, at = from; i < out.length; i++, at += 2) {
      out[i] = (((bytes[at + 1] << 24) >> 16) | bytes[at]) / 32_768;
    }
  },
  s24le: (bytes, from, out) => {
    for (let i = 0, at = from; i < out.length; i++, at += 3) {
      out[i] = (((bytes[at + 2] << 24) >> 8) | (bytes[at + 1] << 8) | bytes[at]) / 8_388_608;
    }
  },
  s32le: (bytes, from, out) => {
    const ints = view(bytes);
    for (let i = 0, at = from; i < out.length; i++, at += 4) out[i] = ints.getInt32(at, true) / 2_147_483_648;
  },
  f32le: (bytes, from, out) => {
    const floats = view(bytes);
    for (let i = 0, at = from; i < out.length; i++, at += 4) out[i] = floats.getFloat32(at, true);
  },
  f64le: (bytes, from, out) => {
    const floats = view(bytes);
    for (let i = 0, at = from; i < out.length; i++, at += 8) out[i] = floats.getFloat64(at, true);
  },
};
