/** What kioku says to the outside: one discriminated union, the same for every sink. */
import type { Micros } from './contracts.js';

interface Base {
  /** Unique; all phases of one incident share it. */
  readonly id: string;
  readonly stream: string;
  readonly us: Micros;
  /** The engine and execution provider that stepped the net, such as `native/cpu`. */
  readonly provider?: string;
}

export type Severity = 'info' | 'warning' | 'critical';

/** `anomaly`: unlike the past; `silent`: no data; `new-normal`: it lasted so long that it is learnt as normal. */
export type IncidentReason = 'anomaly' | 'silent' | 'new-normal';

/** Why a channel stands out: its own value, a lasting error of the forecast, a change of its noise, or that it no longer moves. */
export type View = 'level' | 'drift' | 'noise' | 'still';

/** One channel's part in an incident; values in the channel's own unit. */
export interface Contribution {
  readonly name: string;
  readonly view: View;
  readonly expected: number;
  readonly observed: number;
  /** This channel's own score, 0 … 1. */
  readonly score: number;
}

export interface IncidentEvent extends Base {
  readonly type: 'incident';
  readonly phase: 'new' | 'update' | 'end';
  readonly severity: Severity;
  /** 0 … 1, the highest so far. */
  readonly score: number;
  readonly reason: IncidentReason;
  /** When it began; `us` is the time of this phase. */
  readonly sinceUs: Micros;
  /** The most telling first (own level strange, then badly foretold, each strongest first); empty for `silent`. */
  readonly channels: readonly Contribution[];
}

/** What was foretold of one channel for one time step, and what came; in the channel's own unit. */
export interface ChannelForecast {
  readonly name: string;
  readonly observed: number;
  readonly expected: number;
  /** Between these the value lies 19 times in 20, if the net is right about its own errors. */
  readonly low: number;
  readonly high: number;
}

export interface ScoreEvent extends Base {
  readonly type: 'score';
  /** 0 … 1 */
  readonly score: number;
  /** Where forecasts are wanted: of the channels that came and that had a forecast to be trusted. */
  readonly channels?: readonly ChannelForecast[];
}

/** One token of a transcript. */
export interface Token {
  /** As it is read: `▁` is a space, byte tokens are shown as `<0xNN>`. */
  readonly text: string;
  readonly startUs: Micros;
  readonly endUs: Micros;
  /** Natural logarithm of its probability, as the decoder scored it. */
  readonly logProb: number;
}

/** One word of a transcript. */
export interface Word {
  readonly text: string;
  readonly startUs: Micros;
  readonly endUs: Micros;
  /** Geometric mean of the probabilities of its tokens, 0 … 1. */
  readonly confidence: number;
}

/** One way to read a segment. */
export interface Alternative {
  readonly text: string;
  /** Its share of the probability of all that the search still considered, 0 … 1. */
  readonly confidence: number;
}

/** What all events about a piece of speech have in common. */
interface Segment extends Base {
  /** 0, 1, 2, … per stream. */
  readonly segment: number;
  /** Time of the stream's first sample: `us - originUs` is the position in the audio. */
  readonly originUs: Micros;
  /** When it began; `us` is the time up to which it was heard. */
  readonly startUs: Micros;
}

/** `partial`: what was understood so far, unstable; `final`: the segment is over and its text never changes. */
export interface TranscriptEvent extends Segment {
  readonly type: 'partial' | 'final';
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly words: readonly Word[];
  /** Of a final result, if asked for: what may have been said, `text` itself first. */
  readonly alternatives?: readonly Alternative[];
}

/** Somebody begins (`us` = `startUs`) or stops speaking; padding is included in the times. */
export interface VoiceEvent extends Segment {
  readonly type: 'speech-start' | 'speech-end';
  /** Of speech, 0 … 1, in the window that decided. */
  readonly probability: number;
}

/** A pause ended the segment; its `final` went before. */
export interface EndpointEvent extends Segment {
  readonly type: 'endpoint';
  /** 1-based rule of the configuration that was met. */
  readonly rule: number;
}

/** A keyword was spoken: told once, in the step in which its score reached the threshold; `us` is the end of that step. */
export interface KeywordEvent extends Segment {
  readonly type: 'keyword';
  /** As the configuration writes it. */
  readonly keyword: string;
  /** 0 … 1, see `decide/keyword-score.ts`. */
  readonly score: number;
  /** That the score had to reach. */
  readonly threshold: number;
}

export type SpeechEvent = TranscriptEvent | VoiceEvent | EndpointEvent | KeywordEvent;

export type KiokuEvent = IncidentEvent | ScoreEvent | SpeechEvent;
