/** Every kind of stage: one line each. A module is loaded only when a configuration names its kind. */
import type { z } from 'zod';
import type { DeciderKind, DecoderKind, FeatureKind, SinkKind, SourceKind } from '../core/kind.js';

type Loaders<K> = Readonly<Record<string, () => Promise<K>>>;

/** kind → loader, per stage. The first kind of every stage but `source` is the one that an absent section means. */
export interface Registry {
  readonly source: Loaders<SourceKind<z.ZodType>>;
  readonly decode: Loaders<DecoderKind<z.ZodType>>;
  readonly feature: Loaders<FeatureKind<z.ZodType>>;
  readonly decide: Loaders<DeciderKind<z.ZodType>>;
  readonly sink: Loaders<SinkKind<z.ZodType>>;
}

export const REGISTRY: Registry = {
  source: {
    mqtt: () => import('../source/mqtt.js').then((module) => module.mqttKind),
    replay: () => import('../source/replay.js').then((module) => module.replayKind),
    host: () => import('../source/host.js').then((module) => module.hostKind),
  },
  decode: {
    json: () => import('../decode/json.js').then((module) => module.jsonKind),
    number: () => import('../decode/number.js').then((module) => module.numberKind),
  },
  feature: {
    normalise: () => import('../feature/normalise.js').then((module) => module.normaliseKind),
  },
  decide: {
    anomaly: () => import('../decide/anomaly.js').then((module) => module.anomalyKind),
  },
  sink: {
    console: () => import('../sink/console.js').then((module) => module.consoleKind),
    jsonl: () => import('../sink/jsonl.js').then((module) => module.jsonlKind),
    mqtt: () => import('../sink/mqtt.js').then((module) => module.mqttSinkKind),
  },
};
