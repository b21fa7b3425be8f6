/** Speech → text: greedy decoding of a streaming recogniser, CTC or transducer, whichever the model is. */
import { z } from 'zod';
import type { RecogniserContext, RecogniserKind } from '../core/kind.js';
import { PRECISIONS } from '../core/recogniser.js';
import { gateSchema } from '../core/voice.js';
import { CtcSearch } from './ctc.js';
import { endpointSchema } from './endpoint.js';
import type { GreedySearch } from './greedy-search.js';
import { Transcriber } from './transcriber.js';
import { TransducerSearch } from './transducer.js';
import { Spelling } from './words.js';

const schema = z
  .strictObject({
    kind: z.literal('transcribe').meta({ title: 'Kind', description: 'Writes down what is said.' }),
    partials: z.boolean().default(true).meta({
      title: 'Partial results',
      description: 'Also send the text of a segment while it is spoken, whenever it has changed.',
    }),
    endpoint: endpointSchema.prefault({}).meta({
      title: 'Endpoints',
      description: 'When a pause ends a segment and its text becomes final.',
    }),
    precision: z.enum(PRECISIONS).default('auto').meta({
      title: 'Precision',
      description:
        'Which export is run where the model folder has both: int8 reads a quarter of the memory for each step (auto prefers it for encoder and joiner); fp32 is more exact, and its streams share the runs of the net.',
    }),
    vad: gateSchema.optional().meta({
      title: 'Voice activity gate',
      description: 'Recognise only what Silero VAD takes for speech; absent: everything.',
    }),
  })
  .meta({ title: 'Transcribe', description: 'Text, words and tokens with times from a streaming speech recogniser.' });

export type TranscribeOptions = z.output<typeof schema>;

function searchOf(context: RecogniserContext): GreedySearch {
  const { capacity, counters } = context;
  if (!('joiner' in context)) return new CtcSearch(context.model, context.resetEncoder, counters);
  return new TransducerSearch(context.model, context.decoder, context.joiner, capacity, counters);
}

export const transcribeKind = {
  task: 'recognise',
  schema,
  needs: ({ vad, precision }: TranscribeOptions) => ({ gate: vad, precision }),
  create(options: TranscribeOptions, context: RecogniserContext): Transcriber {
    const { capacity, model, originUs, provider } = context;
    const { outputFrames } = model;
    const stages = {
      search: searchOf(context),
      spelling: new Spelling(model.tokens),
      outputFrames,
      originUs,
      provider,
    };
    return new Transcriber(options, stages, capacity);
  },
} satisfies RecogniserKind<typeof schema>;
