/** Speech → text: decoding of a streaming recogniser, greedy or with a beam, CTC or transducer, whichever the model is. */
import { z } from 'zod';
import { boostSchema, type HotwordDecider, hotwordsSchema, MOST_PHRASES, phraseSchema } from '../core/hotwords.js';
import type { RecogniserContext, RecogniserKind } from '../core/kind.js';
import { PRECISIONS } from '../core/recogniser.js';
import { gateSchema } from '../core/voice.js';
import { Bias } from './bias.js';
import { CtcBeamSearch } from './ctc-beam.js';
import { CtcSearch } from './ctc.js';
import { endpointSchema } from './endpoint.js';
import { cannotSpell } from './hotword-bias.js';
import { languageModelSchema, openLanguageModel } from './language-options.js';
import { PhraseGrammar } from './phrase-grammar.js';
import type { TokenSearch } from './token-search.js';
import { TokenSpeller } from './token-speller.js';
import { Transcriber } from './transcriber.js';
import { TransducerBeamSearch } from './transducer-beam.js';
import { rowsOf } from './transducer-path.js';
import { TransducerSearch } from './transducer.js';
import { Spelling } from './words.js';

/** Beyond this a beam finds nothing more, and a run of the joiner becomes long. */
const MOST_PATHS = 64;

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
    search: z.enum(['greedy', 'beam']).default('greedy').meta({
      title: 'Search',
      description:
        'greedy takes the likeliest token of each frame; beam pursues several paths, takes a little more time, may change its mind about what partial results said, and is what hotwords and alternatives need.',
    }),
    paths: z.int().min(1).max(MOST_PATHS).default(4).meta({
      title: 'Paths',
      description: 'Paths that a beam pursues; more find more, and cost as much more.',
    }),
    alternatives: z.int().min(0).max(MOST_PATHS).default(0).meta({
      title: 'Alternatives',
      description: 'How many ways to read a segment its final result tells, its text first, each with a confidence.',
    }),
    hotwords: hotwordsSchema.default([]).meta({
      title: 'Hotwords',
      description:
        'Phrases that are to be heard more readily, such as names; every one must be spelt by tokens of the model.',
    }),
    hotwordBoost: boostSchema.default(1.5).meta({
      title: 'Boost of hotwords',
      description: 'Added to the score of each token of a hotword that has no boost of its own.',
    }),
    vocabulary: z.array(phraseSchema).min(1).max(MOST_PHRASES).optional().meta({
      title: 'Vocabulary',
      description:
        'Nothing but these phrases is heard, in any order and number; every one must be spelt by tokens of the model. Absent: everything.',
    }),
    languageModel: languageModelSchema.optional().meta({
      title: 'Language model',
      description:
        'How likely words follow one another, beside what is heard; a segment is a sentence. Absent: any words are as likely.',
    }),
    vad: gateSchema.optional().meta({
      title: 'Voice activity gate',
      description: 'Recognise only what Silero VAD takes for speech; absent: everything.',
    }),
  })
  .superRefine(({ search, hotwords, alternatives, vocabulary, languageModel }, ctx) => {
    if (search === 'beam') return;
    const needing = {
      hotwords: hotwords.length > 0,
      alternatives: alternatives > 0,
      vocabulary: vocabulary !== undefined,
      languageModel: languageModel !== undefined,
    };
    for (const [key, isNeeded] of Object.entries(needing)) {
      if (isNeeded) ctx.addIssue({ code: 'custom', path: [key], message: 'needs search: beam' });
    }
  })
  .meta({ title: 'Transcribe', description: 'Text, words and tokens with times from a streaming speech recogniser.' });

export type TranscribeOptions = z.output<typeof schema>;

/** @throws UserError `HOTWORD` */
function grammarOf(vocabulary: readonly string[], speller: TokenSpeller): PhraseGrammar {
  const spelt = vocabulary.map((phrase) => speller.spell(phrase));
  const refused = vocabulary.filter((_, i) => spelt[i] === undefined);
  if (refused.length > 0) throw cannotSpell(refused);
  return new PhraseGrammar(spelt.filter((ids) => ids !== undefined));
}

/** @throws UserError `HOTWORD`, and as `openLanguageModel` */
function biasOf(
  options: TranscribeOptions,
  context: RecogniserContext,
  speller: TokenSpeller,
  spelling: Spelling,
): Bias {
  const { vocabulary, languageModel } = options;
  return new Bias(
    undefined,
    vocabulary && grammarOf(vocabulary, speller),
    languageModel && openLanguageModel(languageModel, context, context.model, spelling),
  );
}

export const transcribeKind = {
  task: 'recognise',
  schema,
  needs: ({ vad, precision, search, paths, hotwords }: TranscribeOptions) => {
    const isBeam = search === 'beam';
    return { gate: vad, precision, rows: isBeam ? rowsOf(paths) : 1, hotwords: isBeam ? hotwords : undefined };
  },
  /**
   * @throws UserError `HOTWORD` when a hotword, or a phrase of the vocabulary, cannot be spelt; `MODEL_MISSING`,
   * `MODEL_INVALID`, `DATA_TOO_LARGE` when the language model is none
   */
  create(options: TranscribeOptions, context: RecogniserContext): HotwordDecider {
    const { capacity, originUs, provider, counters, log } = context;
    const { outputFrames, tokens } = context.model;
    const { paths } = options;
    const isBeam = options.search === 'beam';
    const [speller, spelling] = [TokenSpeller.of(context.model), new Spelling(tokens)];
    const made = <M>(search: TokenSearch<M>): HotwordDecider => {
      const stages = { search, speller, spelling, outputFrames, originUs, provider, counters, log };
      return new Transcriber(options, stages, capacity);
    };
    const bias = (): Bias => biasOf(options, context, speller, spelling);
    if (!('joiner' in context)) {
      const { model, resetEncoder } = context;
      if (!isBeam) return made(new CtcSearch(model, resetEncoder, counters));
      return made(new CtcBeamSearch(model, resetEncoder, counters, paths, bias()));
    }
    const { model, decoder, joiner } = context;
    if (!isBeam) return made(new TransducerSearch(model, decoder, joiner, capacity, counters));
    return made(new TransducerBeamSearch(model, decoder, joiner, counters, paths, bias()));
  },
} satisfies RecogniserKind<typeof schema>;
