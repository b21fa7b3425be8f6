/**
 * Synthetic recognisers: random weights, the real contracts of published models (file names, signatures, metadata). They
 * are tuned so that a mistake in feeding or decoding them shows: on speech 20–80 % of the frames are blank, many tokens
 * occur, and every state matters (`speech-models.test.ts` measures that).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lstmEncoder, type LstmEncoderSize } from './lstm-encoder.js';
import { syllables, tokensFile } from './tokens.js';
import { transducerDecoder, transducerJoiner, type HeadSize } from './transducer-heads.js';
import { zipformer2Encoder, type Zipformer2Size } from './zipformer2-encoder.js';

/** About 100 kB. */
export const TINY_LSTM: LstmEncoderSize & HeadSize = {
  layers: 2,
  dModel: 24,
  hidden: 32,
  feedForward: 32,
  channels: [2, 4, 8],
  vocabulary: 100,
  embedding: 16,
  joiner: 24,
  contextSize: 2,
  blank: 3.5,
  spread: 3,
};

/** As large as the published English model: 84 million weights, 330 MB. */
export const REAL_LSTM: LstmEncoderSize & HeadSize = {
  layers: 12,
  dModel: 512,
  hidden: 1024,
  feedForward: 2048,
  channels: [8, 32, 128],
  vocabulary: 500,
  embedding: 512,
  joiner: 512,
  contextSize: 2,
  blank: 4,
  spread: 3,
};

const TINY_ZIPFORMER2: Zipformer2Size = {
  stacks: [
    { layers: 1, dim: 48, kernel: 15, queryHeadDim: 8, valueHeadDim: 6, heads: 2, downsampling: 1 },
    { layers: 2, dim: 64, kernel: 7, queryHeadDim: 6, valueHeadDim: 8, heads: 3, downsampling: 2 },
  ],
  decodeChunkLength: 32,
  leftContext: 64,
};

const ZIPFORMER2_SEED = 3;

const ZIPFORMER2_HEADS: HeadSize = {
  vocabulary: 150,
  embedding: 16,
  joiner: 32,
  contextSize: 2,
  blank: 1.25,
  spread: 1.5,
};

const ZIPFORMER2_CTC = { kind: 'ctc', vocabulary: 200, blank: 5.5, spread: 3 } as const;

type Files = Readonly<Record<string, string | Uint8Array>>;

/** @returns `folder` */
export async function writeLstmTransducer(
  folder: string,
  size: LstmEncoderSize & HeadSize = TINY_LSTM,
): Promise<string> {
  return write(folder, { 'encoder.onnx': lstmEncoder(1, size), ...heads(size) });
}

/** The tiny one as icefall quantises it: encoder and joiner, but not the decoder. @returns `folder` */
export async function writeInt8LstmTransducer(folder: string): Promise<string> {
  const { 'joiner.onnx': _, ...others } = heads(TINY_LSTM);
  return write(folder, {
    'encoder.int8.onnx': lstmEncoder(1, TINY_LSTM, 'int8'),
    'joiner.int8.onnx': transducerJoiner(3, TINY_LSTM, 'int8'),
    ...others,
  });
}

/** @returns `folder` */
export async function writeZipformer2Transducer(folder: string): Promise<string> {
  const head = { kind: 'transducer', joiner: ZIPFORMER2_HEADS.joiner } as const;
  const encoder = zipformer2Encoder(ZIPFORMER2_SEED, TINY_ZIPFORMER2, head);
  return write(folder, { 'encoder.onnx': encoder, ...heads(ZIPFORMER2_HEADS) });
}

/** @returns `folder` */
export async function writeZipformer2Ctc(folder: string): Promise<string> {
  const model = zipformer2Encoder(ZIPFORMER2_SEED, TINY_ZIPFORMER2, ZIPFORMER2_CTC);
  return write(folder, { 'model.onnx': model, 'tokens.txt': tokensFile(syllables(ZIPFORMER2_CTC.vocabulary)) });
}

function heads(size: HeadSize): Files {
  return {
    'decoder.onnx': transducerDecoder(2, size),
    'joiner.onnx': transducerJoiner(3, size),
    'tokens.txt': tokensFile(syllables(size.vocabulary)),
  };
}

async function write(folder: string, files: Files): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
