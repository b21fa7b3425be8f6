/** A recogniser of two made-up words whose weights are written by hand: it hears which of two chords is louder, if any. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpeechGraph } from './speech-graph.js';

/** Hz. */
const CHORDS = { low: [400, 700], high: [1500, 2300] } as const;
export type Chord = keyof typeof CHORDS;

/** Of log-mel energies from 20 Hz to 400 Hz below half of 8 kHz: those in which each chord lies. */
const BANDS: Readonly<Record<Chord, readonly number[]>> = { low: [5, 9], high: [15, 19] };
const MEL_BINS = 24;
const FRAMES = 4;
const TOKENS = ['<blk>', '▁low', '▁high'];
/** Logarithm of an energy: a chord of the amplitude below is far above, silence is far below. */
const AUDIBLE = -3;
const AMPLITUDE = 0.2;

/** @returns samples of a word */
export function chord(word: Chord, ms: number, rateHz: number): Float32Array {
  const [a, b] = CHORDS[word].map((hz) => (2 * Math.PI * hz) / rateHz);
  return Float32Array.from({ length: (ms * rateHz) / 1000 }, (_, i) => AMPLITUDE * (Math.sin(a * i) + Math.sin(b * i)));
}

/** @param sampleRateHz what the model says it hears; only at 8000 Hz the bands are those of the chords @returns `folder` */
export async function writeTwoTones(folder: string, sampleRateHz = 8000): Promise<string> {
  const g = new SpeechGraph(1);
  const x = g.input(['B', FRAMES, MEL_BINS], 'x');
  const state = g.input(['B', 1], 'h0');
  const weights = new Float32Array(MEL_BINS * TOKENS.length);
  const words = Object.values(BANDS);
  words.forEach((bands, i) => {
    for (const band of bands) weights[band * TOKENS.length + i + 1] = 1 / (FRAMES * bands.length);
  });
  const heard = g.matmul(g.sum(x, [1], false), g.constant(weights, [MEL_BINS, TOKENS.length]));
  const logits = g.add(heard, g.constant([AUDIBLE, 0, 0], [TOKENS.length]));
  g.output(g.reshape(g.logSoftmax(logits), ['B', 1, TOKENS.length]), 'log_probs');
  g.output(g.add(state, g.scalar(0)), 'h0_next');
  const model = g.encode({
    model_type: 'kioku-rnn',
    cell: 'gru',
    num_encoder_layers: '1',
    rnn_hidden_size: '1',
    T: String(FRAMES),
    decode_chunk_len: String(FRAMES),
    sample_rate: String(sampleRateHz),
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), model);
  await writeFile(join(folder, 'tokens.txt'), TOKENS.map((token, id) => `${token} ${id}\n`).join(''));
  return folder;
}
