/** A published recogniser from its files: everything that has to be known about it stands in them. */
import { basename, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Precision, RecogniserModel } from '../../core/recogniser.js';
import type { StatePort } from '../../core/step-model.js';
import type { TokenTable } from '../../core/tokens.js';
import { findRecogniserFiles, withoutDecoder, type RecogniserFiles } from './files.js';
import { layoutOf } from './layouts.js';
import { readPart, sizeOf, partAsStep, type OnnxPart } from './onnx-part.js';
import { readPieces } from './pieces-file.js';
import { readTokens } from './tokens-file.js';

/** All published models of these kinds eat 16 kHz; the recipes have no metadata for it. Models of kioku's own do. */
const USUAL_SAMPLE_RATE_HZ = 16_000;
const USUAL_MEL_BINS = 80;
/** Subsampling of every encoder of these kinds: an output frame is 40 ms. */
const FEATURE_FRAMES_PER_OUTPUT = 4;

/** Blank by name in CTC models, the first that is there. */
const CTC_BLANKS = ['<blk>', '<eps>', '<blank>'];
/** By number in icefall's transducers. */
const TRANSDUCER_BLANK = 0;

interface Options {
  /** Which export is taken where there are two; see `Precision`. */
  readonly precision?: Precision;
}

interface EncoderFacts {
  readonly head: 'ctc' | 'transducer';
  readonly architecture: string;
  readonly chunkFrames: number;
  readonly shiftFrames: number;
  readonly outputFrames: number;
  readonly melBins: number;
  readonly sampleRateHz: number;
  readonly states: readonly StatePort[];
}

/**
 * Reads the signatures, metadata and tokens of an icefall or sherpa-onnx recogniser, without loading its weights, and
 * proves that they belong together. The encoder's `sha256` is that of all its nets, so that saved state is used with
 * this very model only.
 * @param folder with encoder, decoder, joiner and tokens.txt, or a CTC model and tokens.txt
 * @throws UserError `MODEL_MISSING` (a file is absent; the message says which were expected), `MODEL_INVALID` (a file is
 *   damaged, of a kind that kioku does not run, or does not belong to the others)
 */
export async function openRecogniserFiles(
  folder: string,
  { precision = 'auto' }: Options = {},
): Promise<RecogniserModel> {
  const files = await findRecogniserFiles(folder, precision);
  const tokens = await readTokens(files.tokens);
  const encoder = await readPart(files.encoder);
  const facts = readEncoder(encoder);
  const model = await (facts.head === 'ctc'
    ? openCtc(files, encoder, facts, tokens)
    : openTransducer(files, encoder, facts, tokens));
  const pieces = await readPieces(folder);
  return pieces === undefined ? model : { ...model, pieces };
}

function readEncoder(part: OnnxPart): EncoderFacts {
  const { path, metadata, inputs, outputs } = part;
  const { modelType, states } = layoutOf(path, metadata);
  const feature = metadata.text('feature') ?? '';
  if (feature === 'whisper') {
    throw new UserError('MODEL_INVALID', `${path} was trained on Whisper's features, which kioku does not make`, {
      hint: 'use a model without `feature=whisper` in its metadata: those take Kaldi log-mel features',
    });
  }
  const head = ['log_probs', 'encoder_out'].find((name) => outputs.some((output) => output.name === name));
  if (head === undefined) {
    const found = outputs.map(({ name }) => name).join(', ');
    throw new UserError('MODEL_INVALID', `${path} gives neither 'encoder_out' nor 'log_probs', but ${found}`, {
      hint: 'it is no streaming transducer encoder or CTC model; kioku cannot run it',
    });
  }
  const chunkFrames = metadata.count('T');
  const shiftFrames = metadata.count('decode_chunk_len');
  if (shiftFrames > chunkFrames || shiftFrames % FEATURE_FRAMES_PER_OUTPUT !== 0) {
    throw new UserError(
      'MODEL_INVALID',
      `${path}: a step sees T=${chunkFrames} frames and advances by decode_chunk_len=${shiftFrames}, which has to be a ` +
        `multiple of ${FEATURE_FRAMES_PER_OUTPUT} and not more than T`,
      { hint: 'the file is damaged or was exported by other means; download it again' },
    );
  }
  const melBins = sizeOf(inputs, 'x', 2) ?? USUAL_MEL_BINS;
  return {
    head: head === 'log_probs' ? 'ctc' : 'transducer',
    architecture: modelType,
    chunkFrames,
    shiftFrames,
    outputFrames: shiftFrames / FEATURE_FRAMES_PER_OUTPUT,
    melBins,
    sampleRateHz: metadata.text('sample_rate') === undefined ? USUAL_SAMPLE_RATE_HZ : metadata.count('sample_rate'),
    states: states(metadata, melBins),
  };
}

async function openCtc(
  files: RecogniserFiles,
  part: OnnxPart,
  facts: EncoderFacts,
  tokens: TokenTable,
): Promise<RecogniserModel> {
  const vocabulary = sizeOf(part.outputs, 'log_probs', 2) ?? tokens.size;
  assertTokens(files, tokens, vocabulary);
  const blank = CTC_BLANKS.map((symbol) => tokens.id(symbol)).find((id) => id !== undefined);
  if (blank === undefined) {
    throw new UserError('MODEL_INVALID', `${files.tokens} has no blank: none of ${CTC_BLANKS.join(', ')}`, {
      hint: 'copy tokens.txt of this model again',
    });
  }
  const encoder = await partAsStep(part, encoderPorts(facts, 'log_probs', vocabulary));
  return { ...common(files, facts, tokens), kind: 'ctc', encoder, blank };
}

async function openTransducer(
  files: RecogniserFiles,
  part: OnnxPart,
  facts: EncoderFacts,
  tokens: TokenTable,
): Promise<RecogniserModel> {
  if (files.decoder === undefined || files.joiner === undefined) throw await withoutDecoder(files);
  const [decoderPart, joinerPart] = [await readPart(files.decoder), await readPart(files.joiner)];
  const joinerWidth = agreed('values a frame', [
    ['encoder_out', part, sizeOf(part.outputs, 'encoder_out', 2)],
    ['decoder_out', decoderPart, sizeOf(decoderPart.outputs, 'decoder_out', 1)],
    ['encoder_out', joinerPart, sizeOf(joinerPart.inputs, 'encoder_out', 1)],
    ['decoder_out', joinerPart, sizeOf(joinerPart.inputs, 'decoder_out', 1)],
    ["metadata 'joiner_dim'", joinerPart, countIn(joinerPart, 'joiner_dim')],
  ]);
  const vocabulary = agreed('tokens', [
    ["metadata 'vocab_size'", decoderPart, countIn(decoderPart, 'vocab_size')],
    ['logit', joinerPart, sizeOf(joinerPart.outputs, 'logit', 1)],
  ]);
  assertTokens(files, tokens, vocabulary);
  const contextSize = decoderPart.metadata.count('context_size');
  const unknown = tokens.id('<unk>');
  return {
    ...common(files, facts, tokens),
    kind: 'transducer',
    encoder: await partAsStep(part, encoderPorts(facts, 'encoder_out', joinerWidth), [
      ...part.files,
      ...decoderPart.files,
      ...joinerPart.files,
    ]),
    decoder: await partAsStep(decoderPart, {
      inputs: [{ name: 'y', elementType: 'int64', shape: ['B', contextSize] }],
      outputs: [{ name: 'decoder_out', elementType: 'float32', shape: ['B', joinerWidth] }],
      states: [],
    }),
    joiner: await partAsStep(joinerPart, {
      inputs: [
        { name: 'encoder_out', elementType: 'float32', shape: ['B', joinerWidth] },
        { name: 'decoder_out', elementType: 'float32', shape: ['B', joinerWidth] },
      ],
      outputs: [{ name: 'logit', elementType: 'float32', shape: ['B', vocabulary] }],
      states: [],
    }),
    contextSize,
    blank: TRANSDUCER_BLANK,
    ...(unknown !== undefined && { unknown }),
  };
}

function common(files: RecogniserFiles, facts: EncoderFacts, tokens: TokenTable) {
  const { architecture, chunkFrames, shiftFrames, outputFrames, melBins, sampleRateHz } = facts;
  return {
    name: basename(resolve(files.folder)),
    folder: files.folder,
    architecture,
    // Kaldi's log-mel with the high edge 400 Hz below the Nyquist frequency, on samples within [-1, 1].
    features: { sampleRateHz, melBins, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 },
    chunkFrames,
    shiftFrames,
    outputFrames,
    tokens,
  };
}

function encoderPorts(facts: EncoderFacts, output: string, width: number): Parameters<typeof partAsStep>[1] {
  const { chunkFrames, melBins, outputFrames, states } = facts;
  return {
    inputs: [{ name: 'x', elementType: 'float32', shape: ['B', chunkFrames, melBins] }],
    outputs: [{ name: output, elementType: 'float32', shape: ['B', outputFrames, width] }],
    states,
  };
}

function countIn({ metadata }: OnnxPart, key: string): number | undefined {
  return metadata.text(key) === undefined ? undefined : metadata.count(key);
}

type Reading = readonly [where: string, part: OnnxPart, value: number | undefined];

/** @throws UserError `MODEL_INVALID` when the files say different things about one number, or none says it */
function agreed(what: string, readings: readonly Reading[]): number {
  const known = readings.flatMap(([where, part, value]) => (value === undefined ? [] : [{ where, part, value }]));
  const [first] = known;
  if (first && known.every(({ value }) => value === first.value)) return first.value;
  const said = known.map(({ where, part, value }) => `${value} in ${basename(part.path)} (${where})`).join(', ');
  const places = readings.map(([where, part]) => `${basename(part.path)} (${where})`).join(', ');
  throw new UserError(
    'MODEL_INVALID',
    first
      ? `the files do not belong to one model, the number of ${what} differs: ${said}`
      : `nothing says the number of ${what}: neither of ${places}`,
    { hint: 'copy encoder, decoder, joiner and tokens.txt of the same model into the folder' },
  );
}

/** More tokens than the vocabulary are usual: icefall appends the disambiguation symbols `#0`, `#1` of its lexicon. */
function assertTokens(files: RecogniserFiles, tokens: TokenTable, vocabulary: number): void {
  if (tokens.size >= vocabulary) return;
  throw new UserError(
    'MODEL_INVALID',
    `${files.tokens} has ${tokens.size} tokens, but ${basename(files.encoder)} knows ${vocabulary}`,
    { hint: 'it is cut short or of another model; copy tokens.txt of this model again' },
  );
}
