/** The spotter of keywords that is evaluated, without what it would listen to. */
import type { Config } from '../config/config.js';
import { defineConfig, loadConfig } from '../config/load.js';
import { UserError } from '../core/errors.js';
import type { Precision } from '../core/recogniser.js';
import { keywordsKind, MOST_KEYWORDS } from '../decide/keywords.js';
import { type KeywordThreshold, withCurve } from '../evaluate/keyword-evaluation.js';
import { commonOf, type RecogniserOptions } from './evaluation-config.js';
import type { KeywordOptions } from './keyword-options.js';
import { findRecogniser } from './models/recogniser.js';
import { isSearchSet } from './search-options.js';

/** A spotter, and what it is set to. */
export interface Spotting {
  readonly config: Config;
  readonly precision: Precision;
  readonly keywords: readonly KeywordThreshold[];
}

/**
 * @returns undefined: no keywords are to be evaluated
 * @throws UserError `ARGUMENT` for options that would do nothing, `MODEL_MISSING`, and those of `loadConfig`
 */
export async function spottingOf(options: KeywordOptions & RecogniserOptions): Promise<Spotting | undefined> {
  const { keywords, threshold, config } = options;
  if (keywords === undefined && threshold !== undefined) {
    throw new UserError('ARGUMENT', '--threshold is for --keywords', { hint: 'add --keywords, or leave it out' });
  }
  if (keywords === undefined) return config === undefined ? undefined : byFile(config, options);
  if (config !== undefined) {
    throw new UserError('ARGUMENT', '--config says what is listened for, and so does --keywords', {
      hint: 'leave one of them out',
    });
  }
  const { vad, ...search } = options;
  if (isSearchSet(search)) {
    const named = '--search, --paths, --hotword, --only, --alternatives and --language-model';
    throw new UserError('ARGUMENT', `${named} are for transcripts, not for --keywords`, { hint: 'leave them out' });
  }
  const decide = { keywords, ...(threshold !== undefined && { threshold }), ...(vad === true && { vad: {} }) };
  return spotting(decide, options, { model: await findRecogniser(options.model) });
}

async function byFile(path: string, options: RecogniserOptions): Promise<Spotting | undefined> {
  const written = await loadConfig(path);
  if (written.decide.kind !== keywordsKind.schema.shape.kind.value) return undefined;
  if (isSearchSet(options)) {
    throw new UserError('ARGUMENT', '--config says how it listens, and so do other options', {
      hint: 'leave --config out, or write them in its section decide',
    });
  }
  const model = options.model === undefined ? written.model : await findRecogniser(options.model);
  const { decide, runtime } = written.value as { readonly decide: object; readonly runtime?: object };
  return spotting(decide, options, { model, ...(runtime && { runtime }) }, written.file);
}

/**
 * @param written section `decide`
 * @throws UserError `ARGUMENT` for too many keywords, and those of `defineConfig`
 */
async function spotting(written: object, options: RecogniserOptions, others: object, file?: string): Promise<Spotting> {
  const sections = { ...commonOf(options), ...others };
  const asked = { ...written, kind: 'keywords' };
  // Says what is wrong with what was asked for, before much more is made of it.
  await defineConfig({ ...sections, decide: asked }, file);
  const decide = keywordsKind.schema.parse(asked);
  const keywords = decide.keywords.map((one) => {
    const { phrase, threshold = decide.threshold } = typeof one === 'string' ? { phrase: one } : one;
    return { phrase, threshold };
  });
  const tried = withCurve(keywords);
  if (tried.length > MOST_KEYWORDS) {
    throw new UserError('ARGUMENT', `${keywords.length} keywords are too many to try at all thresholds at once`, {
      hint: 'evaluate them in parts',
    });
  }
  const config = await defineConfig({ ...sections, decide: { ...decide, keywords: tried } }, file);
  return { config, precision: keywordsKind.needs(decide).precision, keywords };
}
