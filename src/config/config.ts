/** A configuration as the rest of kioku sees it: complete, checked, its stages ready to be made. */
import type { Alignment } from '../core/alignment.js';
import type { Decider, Decoder, Feature, Scaler, Sink, Source } from '../core/contracts.js';
import type { DeciderContext, ModelContext, SourceContext, StageContext } from '../core/kind.js';
import type { TrainOptions } from '../core/training.js';

/** A stage as it was chosen and set up in the configuration, ready to be made. */
export interface Chosen<C, T> {
  readonly kind: string;
  /** Complete: defaults are filled in. */
  readonly options: unknown;
  create(context: C): T;
}

export interface Config {
  readonly name: string;
  /** Absolute path of the file it came from. */
  readonly file: string;
  /** Folder of that file; relative paths in it start here. */
  readonly baseDir: string;
  /** Absolute path of the model folder, which need not exist yet. */
  readonly model: string;
  readonly source: Chosen<SourceContext, Source>;
  /** Present: run an embedded broker. */
  readonly broker?: { readonly host: string; readonly port: number };
  readonly decode: Chosen<StageContext, Decoder>;
  readonly align: Alignment;
  readonly feature: Chosen<ModelContext, Feature & Scaler>;
  readonly decide: Chosen<DeciderContext, Decider>;
  readonly sinks: readonly Chosen<StageContext, Sink>[];
  readonly train: TrainOptions;
  readonly limits: { readonly maxStreams: number; readonly streamIdleMs?: number | undefined };
}
