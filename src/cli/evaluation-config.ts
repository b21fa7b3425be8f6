/** The recogniser that is evaluated, without what it would listen to. */
import type { Config } from '../config/config.js';
import { defineConfig, loadConfig } from '../config/load.js';
import { UserError } from '../core/errors.js';
import type { Precision } from '../core/recogniser.js';
import { mostStreams } from '../evaluate/hearing.js';
import { findRecogniser } from './models/recogniser.js';
import { decideOf, isSearchSet, type SearchOptions } from './search-options.js';

export interface RecogniserOptions extends SearchOptions {
  readonly model?: string;
  readonly config?: string;
  readonly realTime?: true;
}

/** @throws UserError `ARGUMENT`, `MODEL_MISSING`, and those of `loadConfig` */
export async function recogniserConfig(
  options: RecogniserOptions,
): Promise<{ readonly config: Config; readonly precision: Precision }> {
  const config = await (options.config === undefined ? byOptions(options) : byFile(options.config, options));
  if (config.decide.task === 'recognise') return { config, precision: config.decide.needs.precision };
  throw new UserError('ARGUMENT', `${options.config} is for no recogniser`, {
    hint: 'only `decide: {kind: transcribe}` and `{kind: keywords}` can be evaluated',
  });
}

async function byOptions(options: RecogniserOptions): Promise<Config> {
  const model = await findRecogniser(options.model);
  return defineConfig({ ...commonOf(options), model, decide: { ...decideOf(options), partials: true } });
}

async function byFile(path: string, options: RecogniserOptions): Promise<Config> {
  if (isSearchSet(options)) {
    throw new UserError('ARGUMENT', '--config says how it searches, and so do other options', {
      hint: 'leave --config out, or write them in its section decide',
    });
  }
  const written = await loadConfig(path);
  if (written.decide.task !== 'recognise') return written;
  const model = options.model === undefined ? written.model : await findRecogniser(options.model);
  const { decide, runtime } = written.value as { readonly decide: object; readonly runtime?: object };
  return defineConfig(
    { ...commonOf(options), model, decide: { ...decide, partials: true }, ...(runtime && { runtime }) },
    written.file,
  );
}

/** Sections of a configuration that are the same whatever is evaluated. */
export function commonOf({ realTime }: RecogniserOptions): object {
  return {
    name: 'evaluate',
    // Replaced by the recordings.
    source: { kind: 'audio-files', files: '-' },
    sinks: [],
    limits: { maxStreams: mostStreams(realTime === true) },
  };
}
