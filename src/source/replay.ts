/** Data from files, as if it came now: CSV, JSON Lines or recordings; as fast as it is taken, or by its own clock. */
import { basename, extname, resolve } from 'node:path';
import { BehaviorSubject, Subject } from 'rxjs';
import { z } from 'zod';
import type { Packet, Source, SourceStatus } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { SourceContext, SourceKind } from '../core/kind.js';
import { TIME_FORMATS } from '../core/time.js';
import { Credit } from './credit.js';
import { CsvRows } from './csv.js';
import { JsonLines } from './jsonl.js';
import { Merge } from './merge.js';
import { Pace } from './pace.js';
import { checkTemplates, Router } from './router.js';
import { FaultLog, type FileParts, type Row, type RowReader } from './rows.js';
import { unreadable } from './unreadable.js';

/** Packets of one emission at most. */
const BATCH = 512;

const text = z.string().min(1);
const oneOrMore = z.union([text, z.array(text).min(1)]);

const schema = z.strictObject({
  kind: z.literal('replay').meta({ title: 'Kind', description: 'Data from files.' }),
  files: oneOrMore.meta({
    title: 'Files',
    description: 'One file or a list, relative to this configuration: CSV, JSON Lines, or recordings of kioku record.',
  }),
  format: z.enum(['auto', 'csv', 'jsonl']).default('auto').meta({
    title: 'Format',
    description: 'auto: .jsonl, .ndjson and .json are JSON Lines (or a recording), everything else is CSV.',
  }),
  speed: z
    .union([z.literal('full'), z.number().positive().max(1e6)])
    .default('full')
    .meta({
      title: 'Speed',
      description: 'full: as fast as it can be taken; 1: as it was; 100: a hundred times as fast.',
    }),
  topic: oneOrMore.superRefine(checkTemplates).default('#').meta({
    title: 'Topics',
    description:
      'For recordings: templates that say which stream a message belongs to, as for mqtt. The rows of any other file are one stream, named like the file without its ending.',
  }),
  time: z
    .strictObject({
      field: text.meta({ title: 'Field', description: 'Name of the column or field that holds the time of a row.' }),
      format: z.enum(TIME_FORMATS).default('auto').meta({
        title: 'Format',
        description: 'iso (without a zone: UTC), s, ms or us since 1970; auto: by its look and size.',
      }),
    })
    .optional()
    .meta({
      title: 'Time',
      description:
        'Where the time of a row is; absent: in time, timestamp, datetime, date, ts or t, else in the first that holds ISO 8601 text.',
    }),
  delimiter: z.string().length(1).or(z.literal('auto')).default('auto').meta({
    title: 'CSV delimiter',
    description: 'Character between cells; auto: comma, semicolon, tab or bar, whichever the first line has most of.',
  }),
  decimal: z.enum(['.', ',']).default('.').meta({
    title: 'CSV decimal sign',
    description: 'Sign before the decimals of a number.',
  }),
  columns: z.array(text).min(1).optional().meta({
    title: 'CSV columns',
    description: 'Names of the columns of a file without a header line.',
  }),
});

type Options = z.output<typeof schema>;

class ReplaySource implements Source {
  readonly mode = 'pause';
  readonly clock = 'data';
  readonly packets = new Subject<readonly Packet[]>();
  readonly status = new BehaviorSubject<SourceStatus>('down');
  readonly #options: Options;
  readonly #context: SourceContext;
  readonly #router: Router;
  readonly #pace: Pace;
  readonly #abort = new AbortController();
  readonly #credit = new Credit(this.#abort.signal);
  readonly #readers: RowReader[] = [];
  #paths: readonly string[] = [];
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #seq = 0;

  constructor(options: Options, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    this.#router = new Router(options.topic);
    this.#pace = new Pace(options.speed, this.#abort.signal);
  }

  /** @throws UserError `DATA_MISSING` when a file cannot be opened */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { files } = this.#options;
    this.#paths = (typeof files === 'string' ? [files] : files).map((file) => resolve(this.#context.baseDir, file));
    for (const path of this.#paths) this.#readers.push(await this.#open(path));
    this.status.next('up');
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    await this.#stopped;
  }

  credit(packets: number): void {
    this.#credit.add(packets);
  }

  /** A file forgets nothing. */
  ackThrough(): void {}

  async #shutDown(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    await this.#close();
    this.packets.complete();
  }

  async #run(): Promise<void> {
    const merge = new Merge(this.#readers);
    try {
      while (await this.#credit.available()) {
        const rows = await merge.take(Math.min(this.#credit.packets, BATCH));
        if (rows.length === 0) break;
        await this.#pace.walk(rows, (due) => this.#emit(due));
      }
      await this.#close();
      if (!this.#abort.signal.aborted) this.#finish();
    } catch (error) {
      await this.#close();
      this.packets.error(error instanceof UserError ? error : unreadable(this.#paths.join(', '), error));
    }
  }

  #finish(): void {
    if (this.#seq > 0) return this.packets.complete();
    const error = new UserError('DATA_INVALID', `there is no usable row in ${this.#paths.join(', ')}`, {
      hint: 'the log says what is wrong with the first rows; check format, delimiter, time and topic',
    });
    this.packets.error(error);
  }

  #emit(rows: readonly Row[]): void {
    const { index, counters } = this.#context;
    const batch: Packet[] = [];
    for (let i = 0; i < rows.length; i++) {
      const { us, topic, bytes } = rows[i];
      const route = rows[i].route ?? this.#router.route(topic);
      if (route === undefined) {
        counters.count('source.topic-mismatch');
        continue;
      }
      this.#seq += 1;
      batch.push({ source: index, seq: this.#seq, topic, route, bytes, arrivedUs: us });
    }
    this.#credit.spend(batch.length);
    if (batch.length > 0) this.packets.next(batch);
  }

  async #open(path: string): Promise<RowReader> {
    const { format, time, delimiter, decimal, columns } = this.#options;
    const ending = extname(path);
    const name = basename(path, ending);
    const parts: FileParts = {
      path,
      topic: name,
      route: { stream: name },
      time,
      faults: new FaultLog(path, this.#context),
    };
    const lines = format === 'auto' ? /^\.(jsonl|ndjson|json)$/i.test(ending) : format === 'jsonl';
    try {
      return await (lines ? JsonLines.open(parts) : CsvRows.open(parts, { delimiter, decimal, columns }));
    } catch (error) {
      await this.#close();
      throw unreadable(path, error);
    }
  }

  async #close(): Promise<void> {
    for (const reader of this.#readers.splice(0)) await reader.close();
    if (this.status.value === 'up') this.status.next('down');
  }
}

export const replayKind: SourceKind<typeof schema> = {
  schema,
  past: true,
  create: (options, context) => new ReplaySource(options, context),
};
