/** How well keywords are spotted in the recordings of a manifest, at the thresholds that are set and at many others. */
import type { Config } from '../config/config.js';
import type { KeywordEvent } from '../core/events.js';
import { lookAheadUs, type RecogniserModel } from '../core/recogniser.js';
import { TokenSpeller } from '../decide/token-speller.js';
import { Spelling } from '../decide/words.js';
import type { Utterance } from '../train/speech/manifest.js';
import { comparedWords } from './compared-text.js';
import type { Audible, Heard } from './heard.js';
import { hear, type HearingParts, readableOf, type Remark } from './hearing.js';
import {
  keywordFigures,
  type KeywordFigures,
  keywordsTogether,
  type KeywordTally,
  tallyOf,
} from './keyword-figures.js';

/** Tried beside the thresholds that are set: the operating curve. */
const CURVE = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] as const;

export interface KeywordThreshold {
  readonly phrase: string;
  /** 0 … 1, above 0. */
  readonly threshold: number;
}

export interface KeywordResult extends KeywordFigures {
  readonly keyword: string;
  readonly threshold: number;
}

/** All keywords with the same threshold. */
export interface CurvePoint {
  readonly threshold: number;
  readonly keywords: readonly KeywordResult[];
  readonly together: KeywordFigures;
}

export interface KeywordEvaluation {
  readonly recordings: number;
  readonly audioSeconds: number;
  /** With the thresholds that are set, in their order. */
  readonly keywords: readonly KeywordResult[];
  readonly together: KeywordFigures;
  readonly curve: readonly CurvePoint[];
  readonly unheard: readonly Remark[];
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * What a decider has to listen for, for `evaluateKeywords` to be told all that it needs.
 * @param keywords with the thresholds that are set
 */
export function withCurve(keywords: readonly KeywordThreshold[]): KeywordThreshold[] {
  const tried = phrasesOf(keywords).flatMap((phrase) => CURVE.map((threshold) => ({ phrase, threshold })));
  const isSet = (one: KeywordThreshold): boolean =>
    keywords.some(({ phrase, threshold }) => phrase === one.phrase && threshold === one.threshold);
  return [...keywords, ...tried.filter((one) => !isSet(one))];
}

/**
 * Recordings that cannot be read keep nobody from the others.
 * @param utterances at least one
 * @param model of the configuration
 * @param config that listens for `withCurve(keywords)`; its source does not count
 * @param keywords with the thresholds that are set, at least one
 * @returns undefined: it was stopped before all was heard
 * @throws UserError of the first recording when none can be read; as `Pipeline.run`
 */
export async function evaluateKeywords(
  utterances: readonly (Utterance & Audible)[],
  model: RecogniserModel,
  config: Config,
  keywords: readonly KeywordThreshold[],
  parts: HearingParts,
): Promise<KeywordEvaluation | undefined> {
  const { readable, unheard } = await readableOf(utterances);
  const aheadUs = lookAheadUs(model);
  const hearing = await hear(readable, config, aheadUs, parts);
  if (hearing === undefined) return undefined;
  const recordings = readable.flatMap(({ file, transcript, words }) => {
    const heard = hearing.heard.get(file);
    return heard === undefined ? [] : [{ heard, words: words ?? comparedWords(transcript).map((text) => ({ text })) }];
  });
  const read = readerOf(model);
  const phrases = phrasesOf(keywords);
  const talliesOf = ({ phrase, threshold }: KeywordThreshold): KeywordTally[] =>
    recordings.map(({ heard, words }) =>
      tallyOf({
        words,
        keyword: read(phrase),
        toldUs: toldIn(heard, phrase, threshold),
        seconds: heard.seconds,
        aheadUs,
      }),
    );
  const point = (threshold: number): CurvePoint => {
    const all = phrases.map((phrase) => ({ phrase, threshold }));
    return { threshold, ...figuresAt(all, all.map(talliesOf)) };
  };
  return {
    recordings: recordings.length,
    audioSeconds: [...hearing.heard.values()].reduce((sum, { seconds }) => sum + seconds, 0),
    ...figuresAt(keywords, keywords.map(talliesOf)),
    curve: CURVE.map(point),
    unheard,
    counters: hearing.counters,
  };
}

/** @param tallies of each keyword, one a recording */
function figuresAt(
  keywords: readonly KeywordThreshold[],
  tallies: readonly (readonly KeywordTally[])[],
): Pick<CurvePoint, 'keywords' | 'together'> {
  return { keywords: keywords.map((one, i) => resultOf(one, tallies[i])), together: keywordsTogether(tallies) };
}

function resultOf({ phrase, threshold }: KeywordThreshold, tallies: readonly KeywordTally[]): KeywordResult {
  return { keyword: phrase, threshold, ...keywordFigures(tallies) };
}

/** In their order, each once. */
function phrasesOf(keywords: readonly KeywordThreshold[]): string[] {
  return [...new Set(keywords.map(({ phrase }) => phrase))];
}

/** @returns phrases as the words that their tokens spell, because a phrase may be written in tokens */
function readerOf(model: RecogniserModel): (phrase: string) => string[] {
  const speller = TokenSpeller.of(model);
  const spelling = new Spelling(model.tokens);
  return (phrase) => comparedWords(spelling.text(speller.spell(phrase) ?? []));
}

function toldIn({ keywords }: Heard, phrase: string, threshold: number): number[] {
  const isIt = (event: KeywordEvent): boolean => event.keyword === phrase && event.threshold === threshold;
  return keywords.filter(isIt).map(({ us, originUs }) => us - originUs);
}
