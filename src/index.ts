/**
 * kioku as a library: the parts that the `kioku` command is made of. Everything that flows is an Observable of batches.
 *
 * - Configuration: {@link loadConfig} reads YAML, {@link defineConfig} takes an object; each stage of the result makes
 *   its part with `create(context)`.
 * - Chain: {@link fromSource} → {@link decodeWith} → {@link runLane} (or {@link alignWith}) → {@link writeTo}; or the whole
 *   of it as {@link Pipeline}.
 * - Learning: {@link gatherReadings} → {@link learn}.
 * - Speech: a configuration with `decide: {kind: 'transcribe'}`, `{kind: 'keywords'}` or `{kind: 'voice'}` as a
 *   {@link Pipeline}, whose events are transcripts, keywords and spans of speech.
 */
export { loadConfig, defineConfig } from './config/load.js';
export type { Chosen, Config } from './config/config.js';
export { ConfigError, type Problem } from './config/problems.js';
export { jsonSchema } from './config/schema.js';
export type { Aggregate, Cell, ModelCard, Objective } from './core/card.js';
export type {
  Aligner,
  Batch,
  Decider,
  Decoder,
  Engine,
  Feature,
  ForecastDecider,
  Frame,
  FrameExtractor,
  Lane,
  LaneOut,
  Micros,
  Net,
  Packet,
  Scaler,
  Signal,
  Sink,
  Slot,
  Source,
  SourceStatus,
} from './core/contracts.js';
export { Counters } from './core/counters.js';
export { BugError, ERROR_CODES, UserError, type ErrorCode } from './core/errors.js';
export type {
  Alternative,
  ChannelForecast,
  Contribution,
  EndpointEvent,
  IncidentEvent,
  KeywordEvent,
  KiokuEvent,
  ScoreEvent,
  Severity,
  SpeechEvent,
  Token,
  TranscriptEvent,
  View,
  VoiceEvent,
  Word,
} from './core/events.js';
export type { Extractor } from './core/extractor.js';
export type { Hotword } from './core/hotwords.js';
export type { Kind, ModelContext, SourceContext, StageContext } from './core/kind.js';
export { silentLog, type Log } from './core/log.js';
export { DEFAULT_RUNTIME, type RuntimeOptions } from './core/runtime.js';
export type { RecogniserModel } from './core/recogniser.js';
export type { Snapshot } from './core/snapshot.js';
export type { StepModel } from './core/step-model.js';
export { TopicTemplate, type Route } from './core/topic.js';
export type { TrainOptions } from './core/training.js';
export type { Gathered } from './gather.js';
export { gatherReadings, takePackets, type IntakeOptions } from './intake.js';
export { learn, type Learnt, type LearnParts } from './learn.js';
export { EmbeddedBroker, type BrokerAddress } from './mqtt/broker.js';
export { readModelInfo, type ModelInfo } from './onnx/reader.js';
export { openLane } from './open-lane.js';
export { Pipeline, type PipelineParts, type RunSummary } from './pipeline.js';
export { RecordingWriter } from './source/recording.js';
export { readCard, stepModelOf } from './step/card-file.js';
export { nodeEngine } from './step/node-engine.js';
export { openEngine } from './step/open-engine.js';
export { openRecogniserFiles } from './step/recogniser/open.js';
export { sileroModel, type SileroModel } from './step/silero.js';
export { disableTelemetry } from './step/telemetry.js';
export { decodeSnapshot, encodeSnapshot } from './step/snapshot.js';
export { contextOf, type ContextParts } from './stage-context.js';
export { alignWith, decodeWith, fromSource, runLane, writeTo, type CreditOptions } from './stream.js';
export type { Progress } from './train/progress.js';
export type { TrainingRecord } from './train/record.js';
