/** Decoder and joiner of icefall's stateless transducers. */
import { blankBias } from './tokens.js';
import { N, SpeechGraph, type WeightType } from './speech-graph.js';

export interface HeadSize {
  readonly vocabulary: number;
  readonly embedding: number;
  readonly joiner: number;
  readonly contextSize: number;
  /** Added to the blank's logit. */
  readonly blank: number;
  /** Standard deviation of the logits, about. */
  readonly spread: number;
}

/**
 * y [N, contextSize] → decoder_out. As icefall's, it tells "no token yet" (−1) from every token: the embedding is zero.
 */
export function transducerDecoder(seed: number, size: HeadSize): Uint8Array {
  const { vocabulary, embedding, contextSize, joiner } = size;
  const g = new SpeechGraph(seed);
  const y = g.input([N, contextSize], 'y', 'int64');
  const noToken = g.constant(new Float32Array(embedding), [1, embedding]);
  const table = g.concat([noToken, g.weights([vocabulary, embedding], 1)], 0);
  const context = g.reshape(g.gather(table, g.addInteger(y, 1)), [N, contextSize * embedding]);
  g.output(g.linear(g.map('Relu', g.linear(context, embedding)), joiner), 'decoder_out');
  return g.encode({ context_size: String(contextSize), vocab_size: String(vocabulary) });
}

/** tanh(encoder_out + decoder_out)·W + b → logit [N, vocabulary] */
export function transducerJoiner(seed: number, size: HeadSize, matrices?: WeightType): Uint8Array {
  const { vocabulary, joiner, blank, spread } = size;
  const g = new SpeechGraph(seed, matrices);
  const sum = g.add(g.input([N, joiner], 'encoder_out'), g.input([N, joiner], 'decoder_out'));
  const logit = g.linear(g.map('Tanh', sum), vocabulary, { gain: spread, bias: blankBias(vocabulary, blank) });
  g.output(logit, 'logit');
  return g.encode({ joiner_dim: String(joiner) });
}
