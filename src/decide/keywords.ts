/** The kind `keywords`: a CTC recogniser listens for a few words or phrases and tells each time that one is spoken. */
import { z } from 'zod';
import type { Decider } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import { phraseSchema } from '../core/hotwords.js';
import type { RecogniserContext, RecogniserKind } from '../core/kind.js';
import { PRECISIONS } from '../core/recogniser.js';
import { gateSchema } from '../core/voice.js';
import { KeywordSpotter, type SpeltKeyword } from './keyword-spotter.js';
import { TokenSpeller } from './token-speller.js';

/** Each is a few numbers a stream and a few products a step. */
export const MOST_KEYWORDS = 1000;

const thresholdSchema = z.number().gt(0).max(1);

const keyword = z.union([
  phraseSchema,
  z.strictObject({
    phrase: phraseSchema.meta({
      title: 'Phrase',
      description:
        'One or more words, as the model writes them; with ▁ in it: tokens of the model, separated by spaces.',
    }),
    threshold: thresholdSchema.optional().meta({
      title: 'Threshold',
      description: 'Score from which on it counts as spoken; absent: threshold.',
    }),
  }),
]);

const schema = z
  .strictObject({
    kind: z.literal('keywords').meta({ title: 'Kind', description: 'Tells when keywords are spoken.' }),
    keywords: z.array(keyword).min(1).max(MOST_KEYWORDS).meta({
      title: 'Keywords',
      description:
        'What is listened for: phrases, or {phrase, threshold}. The same phrase may stand there with several thresholds and is then told for each.',
    }),
    threshold: thresholdSchema.default(0.5).meta({
      title: 'Threshold',
      description:
        'Score from which on a keyword counts as spoken: higher is fewer false alarms, lower is fewer keywords that are missed; `kioku evaluate --keywords` shows how many.',
    }),
    refractoryMs: z.number().min(0).max(60_000).default(300).meta({
      title: 'Refractory time',
      description: 'A keyword is not told again within this time of its last event.',
      unit: 'ms',
    }),
    pauseMs: z.number().min(40).max(60_000).default(1200).meta({
      title: 'Pause',
      description:
        'Silence that parts two words, so that they are no keyword together, and after which the net begins anew, as at an endpoint of a transcript.',
      unit: 'ms',
    }),
    precision: z.enum(PRECISIONS).default('auto').meta({
      title: 'Precision',
      description: 'Which export is run where the model folder has both, int8 or fp32; auto: int8.',
    }),
    vad: gateSchema.optional().meta({
      title: 'Voice activity gate',
      description: 'Listen only to what Silero VAD takes for speech; absent: to everything.',
    }),
  })
  .meta({ title: 'Keywords', description: 'Wake words and commands: an event each time that a keyword is spoken.' });

export type KeywordsOptions = z.output<typeof schema>;

/** @throws UserError `KEYWORD` for all that cannot be spelt, and for one that is there twice */
function spelt({ keywords, threshold: usual }: KeywordsOptions, speller: TokenSpeller): SpeltKeyword[] {
  const known = new Map<string, string>();
  const refused: string[] = [];
  const found: SpeltKeyword[] = [];
  for (const one of keywords) {
    const { phrase, threshold = usual } = typeof one === 'string' ? { phrase: one } : one;
    const ids = speller.spell(phrase);
    if (ids === undefined) {
      refused.push(phrase);
      continue;
    }
    const key = `${ids.join(' ')} ${threshold}`;
    const before = known.get(key);
    if (before !== undefined) {
      throw new UserError('KEYWORD', `'${before}' and '${phrase}' are the same keyword, with the same threshold`, {
        hint: 'leave one of them out',
      });
    }
    known.set(key, phrase);
    found.push({ phrase, ids, threshold });
  }
  if (refused.length === 0) return found;
  const named = refused.map((phrase) => `'${phrase}'`).join(', ');
  throw new UserError('KEYWORD', `the tokens of the model cannot spell ${named}`, {
    hint: 'take words that the model knows (tokens.txt lists them), or train it with them (`speech.keywords`)',
  });
}

export const keywordsKind = {
  task: 'recognise',
  schema,
  needs: ({ vad, precision }: KeywordsOptions) => ({ gate: vad, precision, rows: 1, hotwords: undefined }),
  /** @throws UserError `KEYWORD` */
  create(options: KeywordsOptions, context: RecogniserContext): Decider {
    if ('joiner' in context) {
      throw new UserError(
        'KEYWORD',
        `${context.model.name} is a transducer: it has no probabilities of tokens by themselves`,
        {
          hint: 'take a CTC model, such as one that `kioku train` makes',
        },
      );
    }
    const { model, originUs, resetEncoder, provider, counters, capacity } = context;
    const keywords = spelt(options, TokenSpeller.of(model));
    return new KeywordSpotter(keywords, options, { model, originUs, resetEncoder, provider, counters }, capacity);
  },
} satisfies RecogniserKind<typeof schema>;
