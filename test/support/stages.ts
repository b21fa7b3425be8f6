/** What stages are given and what is watched of them, in tests. */
import type { Packet, Source } from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import type { SourceContext } from '../../src/core/kind.js';
import type { Log } from '../../src/core/log.js';

/** Remembers what was logged, one text a line. */
export class RecordingLog implements Log {
  readonly lines: string[] = [];
  readonly debug = this.#writer('debug');
  readonly info = this.#writer('info');
  readonly warn = this.#writer('warn');
  readonly error = this.#writer('error');

  #writer(level: string): Log['info'] {
    return (fields, message) => {
      this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
  }
}

export interface TestContextParts extends SourceContext {
  readonly log: RecordingLog;
}

export function stageContext(parts: Partial<SourceContext> = {}): TestContextParts {
  return {
    name: 'test',
    baseDir: '/',
    index: 0,
    counters: new Counters(),
    ...parts,
    log: new RecordingLog(),
  };
}

/** Everything a source has emitted, and promises for "so many have come" and "it is over". */
export class Collector {
  readonly packets: Packet[] = [];
  readonly batches: number[] = [];
  readonly done: Promise<void>;
  readonly #waiting: { readonly reached: () => boolean; readonly resolve: () => void }[] = [];

  constructor(source: Source, onBatch: (batch: readonly Packet[]) => void = () => {}) {
    this.done = new Promise((resolve, reject) => {
      source.packets.subscribe({
        next: (batch) => {
          this.batches.push(batch.length);
          for (const packet of batch) this.packets.push(packet);
          onBatch(batch);
          for (const { reached, resolve } of this.#waiting) if (reached()) resolve();
        },
        error: reject,
        complete: resolve,
      });
    });
    // Whoever does not await `done` does not care about the error either.
    this.done.catch(() => {});
  }

  until(reached: () => boolean): Promise<void> {
    return reached() ? Promise.resolve() : new Promise((resolve) => this.#waiting.push({ reached, resolve }));
  }

  count(n: number): Promise<void> {
    return this.until(() => this.packets.length >= n);
  }

  get texts(): string[] {
    return this.packets.map(({ bytes }) => Buffer.from(bytes).toString());
  }
}
