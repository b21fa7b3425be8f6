/**
 * Runs sherpa-onnx-node on one request: JSON on standard input, JSON on standard output. A process of its own, because
 * the library finds its shared objects only with LD_LIBRARY_PATH set before the start, and brings an ONNX Runtime of
 * its own. Samples are base64 of float32, 16 kHz mono. `sherpa.ts` starts it and has the types.
 */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const sherpa = createRequire(import.meta.url)('sherpa-onnx-node');
const RATE_HZ = 16_000;

function floats(base64) {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** One utterance → its segments. The endpoint is looked for after every chunk, so that the size of the feed is no matter. */
function transcribe(recogniser, samples, { feedSamples, tailPaddingSamples }) {
  const stream = recogniser.createStream();
  const segments = [];
  const result = (endpoint) => {
    const {
      text,
      tokens,
      timestamps,
      ys_probs: ysProbs,
      context_scores: contextScores,
      segment,
      start_time: startTime,
    } = recogniser.getResult(stream);
    segments.push({ text, tokens, timestamps, ysProbs, contextScores, segment, startTime, endpoint });
  };
  const decode = () => {
    while (recogniser.isReady(stream)) {
      recogniser.decode(stream);
      if (!recogniser.isEndpoint(stream)) continue;
      result(true);
      recogniser.reset(stream);
    }
  };
  for (let at = 0; at < samples.length; at += feedSamples) {
    stream.acceptWaveform({ sampleRate: RATE_HZ, samples: samples.slice(at, at + feedSamples) });
    decode();
  }
  stream.acceptWaveform({ sampleRate: RATE_HZ, samples: new Float32Array(tailPaddingSamples) });
  stream.inputFinished();
  decode();
  result(false);
  return segments;
}

/** Segments of every utterance, and how long it took. */
function recognise({ config, utterances, options }) {
  const recogniser = new sherpa.OnlineRecognizer(config);
  return utterances.map((samples) => {
    const audio = floats(samples);
    const start = performance.now();
    const segments = transcribe(recogniser, audio, options);
    return { segments, milliseconds: performance.now() - start };
  });
}

/** Fed one window a call: sherpa-onnx joins the windows of one call. */
function voice({ config, bufferSeconds, samples }) {
  const vad = new sherpa.Vad(config, bufferSeconds);
  const audio = floats(samples);
  const { windowSize } = config.sileroVad;
  const segments = [];
  const collect = () => {
    while (!vad.isEmpty()) {
      const { start, samples: heard } = vad.front(false);
      segments.push({ start, length: heard.length });
      vad.pop();
    }
  };
  const start = performance.now();
  for (let at = 0; at < audio.length; at += windowSize) {
    vad.acceptWaveform(audio.slice(at, at + windowSize));
    collect();
  }
  vad.flush();
  collect();
  return { segments, milliseconds: performance.now() - start };
}

const request = JSON.parse(readFileSync(0, 'utf8'));
const answer = request.task === 'voice' ? voice(request) : recognise(request);
process.stdout.write(JSON.stringify(answer));
