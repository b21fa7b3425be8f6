/** Silero VAD over the same audio: kioku and sherpa-onnx-node, one thread each, taking turns in one run. */
import { sileroModel } from '../src/step/silero.js';
import { sherpaVoice } from '../test/support/sherpa.js';
import { type BenchOptions, type BenchResult, machine } from './report.js';
import { alternate, hear, openListener, sound } from './support/listening.js';

const REPEATS = 5;
/** A window costs a tenth of a millisecond: long enough to be measured. */
const SECONDS = 120;

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const { model, windowSamples } = await sileroModel();
  const lane = await openListener({ decide: { kind: 'voice' } });
  const seconds = smoke ? 2 : SECONDS;
  const audio = sound(seconds);
  const config = {
    model: model.path,
    threshold: 0.5,
    minSpeechDuration: 0.25,
    minSilenceDuration: 0.1,
    maxSpeechDuration: 20,
    windowSize: windowSamples,
  };
  const rows = await alternate(
    { kioku: 'vad.kioku', sherpa: 'vad.sherpa', ratio: 'vad.vs-sherpa' },
    {
      kioku: () => hear(lane, [audio]),
      sherpa: async () => (await sherpaVoice(config, audio)).milliseconds,
      seconds,
      repeats: smoke ? 1 : REPEATS,
    },
  );
  lane.close();
  const notes = ['real-time factor: seconds of computing for a second of audio, of what each says itself'];
  return { bench: 'vad', machine: machine(), rows, notes };
}
