/** The states of icefall's LSTM encoder (`lstm_transducer_stateless2/export-onnx.py`). */
import type { StatePort } from '../../core/step-model.js';
import type { EncoderLayout } from './layouts.js';

export const lstm: EncoderLayout = {
  modelType: 'lstm',
  states(metadata): readonly StatePort[] {
    const layers = metadata.count('num_encoder_layers');
    // What the layers hand on is the projection of the cell, so the two have different widths.
    const widths = [metadata.count('d_model'), metadata.count('rnn_hidden_size')];
    return widths.map((width, i) => ({
      name: `state${i}`,
      next: `new_state${i}`,
      elementType: 'float32',
      shape: [layers, 'B', width],
    }));
  },
};
