/** A transcript for people: words appear as they are spoken, a line a segment, and what was written is never taken back. */
import type { KiokuEvent, TranscriptEvent } from '../core/events.js';

/** The part of a stream that is written to. */
interface Output {
  write(text: string): unknown;
}

export class TranscriptView {
  /** What stands on the unfinished line. */
  #written = '';
  /** Whose line that is; streams of several inputs may take turns. */
  #stream: string | undefined;

  /** @param named whether lines begin with the name of their stream */
  constructor(
    private readonly output: Output,
    private readonly named: boolean,
  ) {}

  show(event: KiokuEvent): void {
    if (event.type === 'partial' || event.type === 'final') this.#transcript(event);
  }

  /** Finishes the line that a stop left open. */
  end(): void {
    if (this.#written !== '') this.output.write('\n');
    this.#written = '';
  }

  #transcript({ type, stream, text }: TranscriptEvent): void {
    if (text === '') return this.end();
    // Greedy decoding only appends. Should that ever not be so, or another stream speak, a new line says it in full.
    const goesOn = this.#stream === stream && this.#written !== '' && text.startsWith(this.#written);
    if (!goesOn) {
      this.end();
      if (this.named) this.output.write(`${stream}: `);
    }
    this.output.write(goesOn ? text.slice(this.#written.length) : text);
    this.#stream = stream;
    this.#written = text;
    if (type === 'final') this.end();
  }
}
