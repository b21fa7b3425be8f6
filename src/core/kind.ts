/**
 * A kind of source, decoder, feature, decider or sink: one file that exports one of these, and one line in
 * `config/registry.ts`. The schema is what a user may write in the configuration; the factory makes the stage.
 */
import type { z } from 'zod';
import type { ModelCard } from './card.js';
import type {
  Decider,
  Decoder,
  Feature,
  ForecastDecider,
  Micros,
  Net,
  Scaler,
  Sink,
  Slot,
  Source,
} from './contracts.js';
import type { Counters } from './counters.js';
import type { Extractor } from './extractor.js';
import type { Hotword } from './hotwords.js';
import type { Log } from './log.js';
import type { CtcModel, Precision, TransducerModel } from './recogniser.js';
import type { GateOptions } from './voice.js';

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

/** What a decider knows of the net that it listens to. */
interface Stepped {
  /** The engine and execution provider that step the net, `Net.provider`: every event says so. */
  readonly provider: string;
}

export interface DeciderContext extends ModelContext, Stepped {
  readonly scaler: Scaler;
  /** Learn, but raise nothing: training data is being replayed into the statistics of a new model. */
  readonly learnOnly?: true;
}

export interface ExtractContext extends StageContext {
  /** Streams remembered at a time. */
  readonly maxStreams: number;
}

/** What a decider of a recogniser gets: the model and, for a transducer, its opened decoder and joiner. */
export type RecogniserContext = StageContext &
  Stepped & {
    readonly capacity: number;
    /** Time of the first sample of the stream in this slot; goes into its events. */
    readonly originUs: (slot: Slot) => Micros;
    /** The encoder's memory of this stream starts anew. */
    readonly resetEncoder: (slot: Slot) => void;
  } & ({ readonly model: CtcModel } | { readonly model: TransducerModel; readonly decoder: Net; readonly joiner: Net });

/** What a decider over voice probabilities gets. */
export interface VoiceContext extends StageContext, Stepped {
  readonly capacity: number;
  /** Time of the first sample of the stream in this slot; goes into its events. */
  readonly originUs: (slot: Slot) => Micros;
  /** Time between two probabilities. */
  readonly windowUs: Micros;
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

export type SourceKind<S extends z.ZodType> = Kind<S, SourceContext, Source> & {
  /** The decoder that an absent `decode` means with this source; absent: the first in the registry. */
  readonly decoder?: string;
  /** Its data is there already, such as that of files: it can be learnt from without listening. */
  readonly past?: true;
};
export type DecoderKind<S extends z.ZodType> = Kind<S, StageContext, Decoder> & {
  /** Its frames are audio, not readings of channels. */
  readonly audio?: true;
};
export type FeatureKind<S extends z.ZodType> = Kind<S, ModelContext, Feature & Scaler>;
export type ExtractKind<S extends z.ZodType> = Kind<S, ExtractContext, Extractor>;

/** What a decider's kind makes of a configuration: a watch over sensors, a transcript or keywords, or spans of speech. */
export type Task = 'forecast' | 'recognise' | 'voice';

export type ForecastKind<S extends z.ZodType> = Kind<S, DeciderContext, ForecastDecider> & {
  readonly task: 'forecast';
  /** Time steps without data after which a stream is reported as silent. */
  silentAfterSteps(options: z.output<S>): number;
};
export type VoiceKind<S extends z.ZodType> = Kind<S, VoiceContext, Decider> & { readonly task: 'voice' };
/** What a recogniser's lane is opened with, beside the decider. */
export interface RecogniserNeeds {
  /** How speech is found before it is recognised; undefined: everything is recognised. */
  readonly gate: GateOptions | undefined;
  readonly precision: Precision;
  /** Rows of a transducer's decoder and joiner that each stream may need at a time. */
  readonly rows: number;
  /** Those of the configuration, which may be changed while it runs; undefined: the search has no use for any. */
  readonly hotwords: readonly Hotword[] | undefined;
}

export type RecogniserKind<S extends z.ZodType> = Kind<S, RecogniserContext, Decider> & {
  readonly task: 'recognise';
  needs(options: z.output<S>): RecogniserNeeds;
};
export type SinkKind<S extends z.ZodType> = Kind<S, StageContext, Sink>;
