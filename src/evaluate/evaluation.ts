/** How well a recogniser hears what a manifest says is said. */
import type { Config } from '../config/config.js';
import { lookAheadUs, type RecogniserModel } from '../core/recogniser.js';
import type { Utterance } from '../train/speech/manifest.js';
import { clippingOf, silenceOf } from '../train/speech/recordings.js';
import { comparedWords, ComparedTokens } from './compared-text.js';
import { type Edges, edgesOf } from './edges.js';
import { editsOf } from './edits.js';
import { type Compared, type Figures, figuresOf, type Intervals, intervalsBySpeaker } from './error-rates.js';
import type { Audible, Heard } from './heard.js';
import { hear, type Hearing, type HearingParts, readableOf, type Remark } from './hearing.js';
import { type Spread, spreadOf, type Wait } from './latency.js';

/** One recording. */
export interface Result extends Compared {
  readonly utterance: Utterance;
  /** As they are compared. */
  readonly said: readonly string[];
  readonly understood: readonly string[];
  /** What was heard, as the recogniser wrote it. */
  readonly heard: string;
}

export interface Latency {
  readonly first: WaitSpreads;
  readonly final: WaitSpreads;
  /** From the known end of a word until it is told, in recordings that were heard without a wrong word. */
  readonly word: WaitSpreads;
}

/** null: of no segment, or not measured. */
interface WaitSpreads {
  readonly audioS: Spread | null;
  readonly wallS: Spread | null;
}

export interface Evaluation {
  readonly figures: Figures;
  /** Of what is wrong in all, with other speakers; absent where fewer than two are named, or not all. */
  readonly ci95BySpeaker: Intervals | undefined;
  /** By name; of those who have one. */
  readonly perSpeaker: ReadonlyMap<string, Figures>;
  readonly edges: Edges;
  /** In the order of the manifest; at least one. */
  readonly results: readonly Result[];
  readonly unheard: readonly Remark[];
  /** Evaluated, but silent or clipped. */
  readonly odd: readonly Remark[];
  /** Words of transcripts that the model has no tokens for → how often they are said. */
  readonly unknownWords: ReadonlyMap<string, number>;
  readonly audioSeconds: number;
  /** Time that it took by length of the audio, all recordings side by side; null in real time, where it says nothing. */
  readonly realTimeFactor: number | null;
  readonly latency: Latency;
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Recordings that cannot be read keep nobody from the others.
 * @param utterances at least one
 * @param model of the configuration
 * @param config as of `hear`
 * @returns undefined: it was stopped before all was heard
 * @throws UserError of the first recording when none can be read; as `Pipeline.run`
 */
export async function evaluate(
  utterances: readonly (Utterance & Audible)[],
  model: RecogniserModel,
  config: Config,
  parts: HearingParts,
): Promise<Evaluation | undefined> {
  const tokens = new ComparedTokens(model);
  const { readable, unheard } = await readableOf(utterances);
  const hearing = await hear(readable, config, lookAheadUs(model), parts);
  if (hearing === undefined) return undefined;
  const results = readable.map((utterance) =>
    resultOf(utterance, hearing.heard.get(utterance.file)?.text ?? '', tokens),
  );
  const bySpeaker = speakersOf(results);
  return {
    figures: figuresOf(results),
    ci95BySpeaker: results.every(({ utterance }) => utterance.speaker !== undefined)
      ? intervalsBySpeaker([...bySpeaker.values()])
      : undefined,
    perSpeaker: new Map([...bySpeaker].map(([speaker, own]) => [speaker, figuresOf(own)])),
    edges: edgesOf(results),
    results,
    unheard,
    odd: readable.flatMap((utterance) => oddOf(utterance, hearing.heard.get(utterance.file))),
    unknownWords: unknownIn(readable, tokens),
    ...timesOf(hearing, parts.realTime),
    counters: hearing.counters,
  };
}

function resultOf(utterance: Utterance, heard: string, spelling: ComparedTokens): Result {
  const [said, understood] = [comparedWords(utterance.transcript), comparedWords(heard)];
  const [saidTokens, understoodTokens] = [spelling.of(said), spelling.of(understood)];
  return {
    utterance,
    said,
    understood,
    heard,
    words: { count: said.length, ...editsOf(said, understood) },
    tokens: { count: saidTokens.length, ...editsOf(saidTokens, understoodTokens) },
  };
}

function oddOf({ name, transcript }: Utterance, heard: Heard | undefined): Remark[] {
  if (heard === undefined) return [];
  const reasons = [silenceOf(transcript, heard.sound.silent), clippingOf(heard.sound.clippedShare)];
  return reasons.flatMap((reason) => (reason === undefined ? [] : [{ name, reason }]));
}

/** By name, in the order of the names. */
function speakersOf(results: readonly Result[]): Map<string, readonly Result[]> {
  const bySpeaker = new Map<string, Result[]>();
  for (const result of results) {
    const { speaker } = result.utterance;
    if (speaker === undefined) continue;
    const known = bySpeaker.get(speaker);
    if (known === undefined) bySpeaker.set(speaker, [result]);
    else known.push(result);
  }
  return new Map([...bySpeaker].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function unknownIn(utterances: readonly Utterance[], spelling: ComparedTokens): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { transcript } of utterances) {
    for (const word of spelling.unspellable(comparedWords(transcript))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function timesOf(
  { heard, tookMs }: Hearing,
  realTime: boolean,
): Pick<Evaluation, 'audioSeconds' | 'realTimeFactor' | 'latency'> {
  const all = [...heard.values()];
  const audioSeconds = all.reduce((sum, { seconds }) => sum + seconds, 0);
  const spreads = (waits: readonly Wait[]): WaitSpreads => ({
    audioS: spreadOf(waits.map(({ audioS }) => audioS)),
    wallS: realTime ? spreadOf(waits.map(({ wallS }) => wallS)) : null,
  });
  return {
    audioSeconds,
    realTimeFactor: realTime || audioSeconds === 0 ? null : tookMs / 1000 / audioSeconds,
    latency: {
      first: spreads(all.flatMap(({ waits }) => waits.first)),
      final: spreads(all.flatMap(({ waits }) => waits.final)),
      word: spreads(all.flatMap(({ delays }) => delays?.waits() ?? [])),
    },
  };
}
