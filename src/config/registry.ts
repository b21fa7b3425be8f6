/** Every kind of stage: one line each. A module is loaded only when a configuration names its kind. */
import type { z } from 'zod';
import type {
  DecoderKind,
  ExtractKind,
  FeatureKind,
  ForecastKind,
  RecogniserKind,
  SinkKind,
  SourceKind,
  VoiceKind,
} from '../core/kind.js';

type DeciderKind = ForecastKind<z.ZodType> | VoiceKind<z.ZodType> | RecogniserKind<z.ZodType>;

type Loaders<K> = Readonly<Record<string, () => Promise<K>>>;

/**
 * kind → loader, per stage. The first kind is the one that an absent section means, but for `source` (must be there),
 * `extract` (absent: none) and `decode` (what the source says).
 */
export interface Registry {
  readonly source: Loaders<SourceKind<z.ZodType>>;
  readonly decode: Loaders<DecoderKind<z.ZodType>>;
  readonly extract: Loaders<ExtractKind<z.ZodType>>;
  readonly feature: Loaders<FeatureKind<z.ZodType>>;
  readonly decide: Loaders<DeciderKind>;
  readonly sink: Loaders<SinkKind<z.ZodType>>;
}

export const REGISTRY: Registry = {
  source: {
    mqtt: () => import('../source/mqtt.js').then((module) => module.mqttKind),
    replay: () => import('../source/replay.js').then((module) => module.replayKind),
    host: () => import('../source/host.js').then((module) => module.hostKind),
    'audio-files': () => import('../source/audio-files.js').then((module) => module.audioFilesKind),
    microphone: () => import('../source/microphone.js').then((module) => module.microphoneKind),
  },
  decode: {
    json: () => import('../decode/json.js').then((module) => module.jsonKind),
    number: () => import('../decode/number.js').then((module) => module.numberKind),
    wav: () => import('../decode/wav.js').then((module) => module.wavKind),
    pcm: () => import('../decode/pcm.js').then((module) => module.pcmKind),
  },
  extract: {
    'log-mel': () => import('../feature/extract/log-mel.js').then((module) => module.logMelKind),
    mfcc: () => import('../feature/extract/mfcc.js').then((module) => module.mfccKind),
    descriptors: () => import('../feature/extract/descriptors.js').then((module) => module.descriptorsKind),
  },
  feature: {
    normalise: () => import('../feature/normalise.js').then((module) => module.normaliseKind),
  },
  decide: {
    anomaly: () => import('../decide/anomaly.js').then((module) => module.anomalyKind),
    transcribe: () => import('../decide/transcribe.js').then((module) => module.transcribeKind),
    voice: () => import('../decide/voice.js').then((module) => module.voiceKind),
    keywords: () => import('../decide/keywords.js').then((module) => module.keywordsKind),
  },
  sink: {
    console: () => import('../sink/console.js').then((module) => module.consoleKind),
    jsonl: () => import('../sink/jsonl.js').then((module) => module.jsonlKind),
    mqtt: () => import('../sink/mqtt.js').then((module) => module.mqttSinkKind),
  },
};
