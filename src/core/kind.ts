/**
 * A kind of source, decoder, feature, decider or sink: one file that exports one of these, and one line in
 * `config/registry.ts`. The schema is what a user may write in the configuration; the factory makes the stage.
 */
import type { z } from 'zod';
import type { Decider, Decoder, Feature, Scaler, Sink, Source } from './contracts.js';
import type { ModelCard } from './card.js';
import type { Counters } from './counters.js';
import type { Log } from './log.js';

/** What every stage gets from the pipeline that it is part of. */
export interface StageContext {
  /** The configuration's `name`; makes client ids and topics. */
  readonly name: string;
  /** Folder of the configuration file; relative paths in it start here. */
  readonly baseDir: string;
  readonly counters: Counters;
  readonly log: Log;
}

/** Feature and decider belong to a model. */
export interface ModelContext extends StageContext {
  readonly card: ModelCard;
  /** Streams that the lane has room for. */
  readonly capacity: number;
}

export interface DeciderContext extends ModelContext {
  readonly scaler: Scaler;
}

export interface SourceContext extends StageContext {
  /** Goes into `Packet.source`. */
  readonly index: number;
  /**
   * Set by what listens for a while beside a running daemon (record, train): the source must not take the daemon's
   * place at the broker, nor leave a session behind that collects messages for nobody.
   */
  readonly passing?: true;
}

/**
 * @typeParam S zod schema of the options; a strict object with `kind: z.literal(…)`, a title, a description, a default
 * and, where a number has one, a range and a unit per key
 */
export interface Kind<S extends z.ZodType, C, T> {
  readonly schema: S;
  create(options: z.output<S>, context: C): T;
}

export type SourceKind<S extends z.ZodType> = Kind<S, SourceContext, Source>;
export type DecoderKind<S extends z.ZodType> = Kind<S, StageContext, Decoder>;
export type FeatureKind<S extends z.ZodType> = Kind<S, ModelContext, Feature & Scaler>;
export type DeciderKind<S extends z.ZodType> = Kind<S, DeciderContext, Decider>;
export type SinkKind<S extends z.ZodType> = Kind<S, StageContext, Sink>;
