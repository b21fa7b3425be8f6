/**
 * A recogniser of real size (LSTM transducer, 12 layers of 512/1024, 84 million weights, random): kioku and
 * sherpa-onnx-node over the same audio, one thread each, taking turns in one run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecogniserFiles } from '../src/step/recogniser/open.js';
import { sherpaRecognise } from '../test/support/sherpa.js';
import { REAL_LSTM, writeLstmTransducer } from '../test/support/speech-models/models.js';
import { type BenchOptions, type BenchResult, machine } from './report.js';
import { alternate, FEED_SAMPLES, hear, openListener, sound } from './support/listening.js';

const REPEATS = 5;
const WARM_UP_SECONDS = 2;
const SECONDS = 8;

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  try {
    const model = await openRecogniserFiles(await writeLstmTransducer(folder, smoke ? undefined : REAL_LSTM));
    const lane = await openListener({ model: folder, decide: { kind: 'transcribe', partials: false } });
    const utterances = [sound(WARM_UP_SECONDS), sound(SECONDS)];
    const ids = { kioku: 'speech.rtf.kioku', sherpa: 'speech.rtf.sherpa', ratio: 'speech.rtf-vs-sherpa' };
    const rows = await alternate(ids, {
      kioku: () => hear(lane, utterances),
      sherpa: async () => {
        const transcripts = await sherpaRecognise(model, utterances, { feedSamples: FEED_SAMPLES });
        return transcripts[1].milliseconds;
      },
      seconds: SECONDS,
      repeats: smoke ? 1 : REPEATS,
    });
    lane.close();
    const notes = ['real-time factor: seconds of computing for a second of audio, of what each says itself'];
    return { bench: 'speech', machine: machine(), rows, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}
