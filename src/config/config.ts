/** A configuration as the rest of kioku sees it: complete, checked, its stages ready to be made. */
import type { Alignment } from '../core/alignment.js';
import type { Decider, Decoder, Feature, ForecastDecider, Scaler, Sink, Source } from '../core/contracts.js';
import type { Extractor } from '../core/extractor.js';
import type {
  DeciderContext,
  ExtractContext,
  ModelContext,
  RecogniserContext,
  RecogniserNeeds,
  SourceContext,
  StageContext,
  VoiceContext,
} from '../core/kind.js';
import type { OnlineOptions } from '../core/online.js';
import type { RuntimeOptions } from '../core/runtime.js';
import type { SpeechOptions } from '../core/speech-training.js';
import type { TrainOptions } from '../core/training.js';
import type { ControlOptions } from '../mqtt/control-options.js';

/** A stage as it was chosen and set up in the configuration, ready to be made. */
export interface Chosen<C, T> {
  readonly kind: string;
  /** Complete: defaults are filled in. */
  readonly options: unknown;
  create(context: C): T;
}

/** The decider says what the pipeline is for: a watch over sensors, a transcript or keywords, or spans of speech. */
export type ChosenDecider =
  | (Chosen<DeciderContext, ForecastDecider> & { readonly task: 'forecast'; readonly silentAfterSteps: number })
  | (Chosen<VoiceContext, Decider> & { readonly task: 'voice' })
  | (Chosen<RecogniserContext, Decider> & { readonly task: 'recognise'; readonly needs: RecogniserNeeds });

export interface Config {
  readonly name: string;
  /** Absolute path of the file it came from. */
  readonly file: string;
  /** Folder of that file; relative paths in it start here. */
  readonly baseDir: string;
  /** What was written, so that another thread can read it again. */
  readonly value: unknown;
  /** Absolute path of the model folder, which need not exist yet. */
  readonly model: string;
  readonly source: Chosen<SourceContext, Source> & { readonly past: boolean };
  /** Present: run an embedded broker. */
  readonly broker?: { readonly host: string; readonly port: number };
  /** Present: a recogniser's hotwords may be changed over MQTT. */
  readonly control?: ControlOptions;
  readonly decode: Chosen<StageContext, Decoder> & { readonly audio: boolean };
  /** Present: audio becomes channels. */
  readonly extract?: Chosen<ExtractContext, Extractor>;
  readonly align: Alignment;
  readonly feature: Chosen<ModelContext, Feature & Scaler>;
  readonly decide: ChosenDecider;
  readonly sinks: readonly Chosen<StageContext, Sink>[];
  readonly train: TrainOptions;
  /** Present: its recogniser is learnt here. */
  readonly speech?: SpeechOptions;
  /** Present: the net goes on learning while it runs. */
  readonly online?: OnlineOptions;
  readonly runtime: RuntimeOptions;
  readonly limits: {
    readonly maxStreams: number;
    readonly streamIdleMs?: number | undefined;
    readonly maxDelayMs: number;
  };
}
