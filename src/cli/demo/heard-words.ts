/** The words of transcripts, each once, as soon as it is told. For recognisers whose words are one token each. */
import type { Micros } from '../../core/contracts.js';
import type { KiokuEvent, TranscriptEvent, Word } from '../../core/events.js';

export interface HeardWord {
  readonly text: string;
  /** Position of its token, from the first sample of the stream. */
  readonly atUs: Micros;
  /** The audio that it took to tell it ends here: a position, too. */
  readonly heardUs: Micros;
  /** Time of the first sample: 0 in a recording. */
  readonly originUs: Micros;
}

export class HeardWords {
  /** Words of the segment that is being spoken that were told. */
  #told = 0;

  /** @param tell called with each word, in order */
  constructor(private readonly tell: (word: HeardWord) => void) {}

  readonly events = (events: readonly KiokuEvent[]): void => {
    for (const event of events) if (event.type === 'partial' || event.type === 'final') this.#hear(event);
  };

  /** Greedy search only appends, so what was told stays. */
  #hear({ type, words, us, originUs }: TranscriptEvent): void {
    for (const word of words.slice(this.#told)) this.tell(heardWord(word, us, originUs));
    this.#told = type === 'final' ? 0 : words.length;
  }
}

function heardWord({ text, startUs }: Word, us: Micros, originUs: Micros): HeardWord {
  return { text, atUs: startUs - originUs, heardUs: us - originUs, originUs };
}
