/** The states of a recogniser that kioku has trained itself: those of each recurrent layer, and how loud it is. */
import { UserError } from '../../core/errors.js';
import type { StatePort } from '../../core/step-model.js';
import type { EncoderLayout } from './layouts.js';

/** What a cell remembers. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  lstm: ['h', 'c'],
  gru: ['h'],
  'rnn-tanh': ['h'],
  'rnn-relu': ['h'],
};

export const kiokuRnn: EncoderLayout = {
  modelType: 'kioku-rnn',
  states(metadata): readonly StatePort[] {
    const cell = metadata.required('cell');
    const kinds = STATES[cell];
    if (kinds === undefined) {
      throw new UserError('MODEL_INVALID', `the metadata says that the cell is '${cell}', which kioku does not know`, {
        hint: `it knows ${Object.keys(STATES).join(', ')}; train the model again with this version`,
      });
    }
    const hidden = metadata.count('rnn_hidden_size');
    // What an LSTM's layers hand on may be a projection of their cells.
    const handedOn = metadata.text('d_model') === undefined ? hidden : metadata.count('d_model');
    const layers = Array.from({ length: metadata.count('num_encoder_layers') }, (_, layer) => layer);
    const ports = layers.flatMap((layer) =>
      kinds.map((kind) => statePort(`${kind}${layer}`, kind === 'h' ? handedOn : hidden)),
    );
    return metadata.text('level') === undefined ? ports : [...ports, statePort('level', 1)];
  },
};

function statePort(name: string, width: number): StatePort {
  return { name, next: `${name}_next`, elementType: 'float32', shape: ['B', width] };
}
