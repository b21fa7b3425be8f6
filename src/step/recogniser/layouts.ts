/** The kinds of encoder that kioku can run: one file and one line each. */
import { UserError } from '../../core/errors.js';
import type { StatePort } from '../../core/step-model.js';
import { kiokuRnn } from './kioku-rnn.js';
import { lstm } from './lstm.js';
import type { Metadata } from './metadata.js';
import { zipformer2 } from './zipformer2.js';

export interface EncoderLayout {
  /** As in the metadata. */
  readonly modelType: string;
  /**
   * What the encoder remembers, in the order of its inputs.
   * @throws UserError `MODEL_INVALID` when the metadata does not say it
   */
  readonly states: (metadata: Metadata, melBins: number) => readonly StatePort[];
}

const LAYOUTS: readonly EncoderLayout[] = [lstm, zipformer2, kiokuRnn];

/**
 * @param path for messages
 * @throws UserError `MODEL_INVALID` for a kind that kioku does not run
 */
export function layoutOf(path: string, metadata: Metadata): EncoderLayout {
  const type = metadata.required('model_type');
  const layout = LAYOUTS.find(({ modelType }) => modelType === type);
  if (layout) return layout;
  throw new UserError('MODEL_INVALID', `${path} is a model of type '${type}', which kioku does not run`, {
    hint: `it runs ${LAYOUTS.map(({ modelType }) => modelType).join(', ')}; \`kioku models list\` shows models that are`,
  });
}
