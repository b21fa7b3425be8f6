/** What came of `kioku demo listen`, for programs and in words. */
import { counted } from '../../core/counted.js';
import { median } from '../../core/median.js';
import { comparedWords } from '../../evaluate/compared-text.js';
import { editsOf } from '../../evaluate/edits.js';
import type { Listened } from './listening.js';
import { describeDelay } from './listening-view.js';

export interface ListeningResult {
  readonly source: 'microphone' | 'sample';
  /** Why the sample was played, where a microphone was wanted. */
  readonly reason?: string;
  /** Where events were published. */
  readonly topic: string;
  /** Words in their order. */
  readonly heard: readonly string[];
  /** Of a sample that was played to its end. */
  readonly spoken?: readonly string[];
  /** Words inserted, left out and taken for others, at the least. */
  readonly mistakes?: number;
  /**
   * Median of a word: of a sample, from its end until it was told (below 0: before), if any was told in its place; of a
   * microphone, from the end of the sound that it took.
   */
  readonly delayMs?: number;
  readonly slowestDelayMs?: number;
  readonly audioSeconds: number;
  /** Processor time of the whole process by length of the audio. */
  readonly realTimeFactor: number;
}

/** Where it was listened. */
export type Place = Pick<ListeningResult, 'source' | 'reason' | 'topic' | 'spoken'>;

export function resultOf(place: Place, { heard, delaysMs, audioSeconds, processorSeconds }: Listened): ListeningResult {
  const { spoken } = place;
  return {
    ...place,
    heard,
    ...(spoken === undefined ? {} : { mistakes: mistakesIn(spoken, heard) }),
    ...(delaysMs.length === 0
      ? {}
      : { delayMs: Math.round(median(delaysMs)), slowestDelayMs: Math.round(Math.max(...delaysMs)) }),
    audioSeconds: round(audioSeconds, 2),
    realTimeFactor: audioSeconds === 0 ? 0 : round(processorSeconds / audioSeconds, 3),
  };
}

/** @param voice of the sample @returns lines */
export function describeResult(result: ListeningResult, voice: string): string[] {
  return [...describeWords(result, voice), describeDelays(result)].filter((line) => line !== '');
}

function describeWords({ heard, spoken, mistakes, source, audioSeconds }: ListeningResult, voice: string): string[] {
  const words = heard.length === 0 ? 'nothing' : heard.join(' ');
  if (spoken === undefined || mistakes === undefined) {
    const until = source === 'sample' ? ', stopped before its end' : '';
    return [`heard in ${audioSeconds.toFixed(1)} s${until}: ${words}`];
  }
  const verdict = mistakes === 0 ? `all ${spoken.length} right` : `${counted(mistakes, 'mistake')} in ${spoken.length}`;
  return [
    `spoken: ${spoken.join(' ')}`,
    `heard:  ${words} (${verdict})`,
    `The voice is synthetic (${voice}), chosen because this net understands it: people are harder, see docs/listen.md.`,
  ];
}

function describeDelays({ source, delayMs, slowestDelayMs, realTimeFactor }: ListeningResult): string {
  const busy = `The processor worked ${Math.round(1000 * realTimeFactor)} ms a second of sound (real-time factor ${realTimeFactor}).`;
  if (delayMs === undefined || slowestDelayMs === undefined) return busy;
  const since = source === 'sample' ? 'its end' : 'the sound that told it';
  return `A word was told ${describeDelay(delayMs)} ${since} in the median, the slowest ${describeDelay(slowestDelayMs)}. ${busy}`;
}

function mistakesIn(spoken: readonly string[], heard: readonly string[]): number {
  const { insertions, deletions, substitutions } = editsOf(
    comparedWords(spoken.join(' ')),
    comparedWords(heard.join(' ')),
  );
  return insertions + deletions + substitutions;
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
