/**
 * `kioku demo listen`: spoken digits from the microphone, or where there is none from a sample that is played in real time,
 * written down as they are spoken and published by a broker of its own. The same pipeline as `kioku run`.
 */
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/config.js';
import { UserError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { EmbeddedBroker } from '../../mqtt/broker.js';
import type { Io } from '../output.js';
import { demoConfig, shippedConfig } from './demo-config.js';
import { listenTo } from './listening.js';
import { describeResult, type ListeningResult, resultOf } from './listening-result.js';
import { ListeningView } from './listening-view.js';
import { SoundLevel } from './sound-level.js';
import { SpokenSample } from './spoken-sample.js';

export interface ListenOptions {
  readonly sample?: true;
  readonly device?: string;
  readonly once?: true;
  readonly json?: true;
}

export interface ListenFiles {
  /** Path of the configuration. */
  readonly config: string;
  /** Folder of a recogniser whose words are one token each. */
  readonly model: string;
  /** Folder of the sample. */
  readonly sample: string;
}

/** Works from `src/` and from `dist/`, which lie at the same depth. */
const SHIPPED: ListenFiles = {
  config: shippedConfig('demo-listen'),
  model: fileURLToPath(new URL('../../../models/digits-en', import.meta.url)),
  sample: fileURLToPath(new URL('../../../assets/listen', import.meta.url)),
};

const TOPICS = 'kioku/demo-listen/transcripts';
/** Between the end of the sample and its beginning. */
const AGAIN_AFTER_MS = 2000;

/** @throws UserError `MODEL_MISSING`, `BROKER_PORT`; `CAPTURE` when a microphone that was named cannot be recorded */
export async function runListenDemo(options: ListenOptions, io: Io, files = SHIPPED): Promise<ListeningResult> {
  const log = await io.openLog(io.logLevel === 'info' ? 'warn' : io.logLevel);
  const sample = await SpokenSample.open(files.sample);
  const broker = new EmbeddedBroker(log);
  const { host, port } = await broker.start({ host: '127.0.0.1', port: 0 });
  try {
    io.note('kioku demo listen: spoken digits, zero to nine, written down as they are spoken. Ctrl-C ends.');
    io.note(`on MQTT as well: mosquitto_sub -h ${host} -p ${port} -v -t '${TOPICS}/#'`);
    return await new ListenDemo(options, io, log, sample, { url: `mqtt://${host}:${port}`, files }).run();
  } finally {
    await broker.stop();
  }
}

class ListenDemo {
  readonly #view: ListeningView;

  constructor(
    private readonly options: ListenOptions,
    private readonly io: Io,
    private readonly log: Log,
    private readonly sample: SpokenSample,
    private readonly parts: { readonly url: string; readonly files: ListenFiles },
  ) {
    this.#view = new ListeningView(io, options.json === true);
  }

  async run(): Promise<ListeningResult> {
    if (this.options.sample) return this.#samples(undefined);
    try {
      return await this.#microphone();
    } catch (error) {
      // Who named a microphone does not want to hear something else.
      const { device } = this.options;
      if (!(error instanceof UserError) || error.code !== 'CAPTURE' || device !== undefined) throw error;
      return this.#samples(error.message);
    }
  }

  async #microphone(): Promise<ListeningResult> {
    const { device, once } = this.options;
    const config = await this.#config(device === undefined ? {} : { device });
    this.#view.opening();
    const done = new AbortController();
    const level = new SoundLevel((isSilent) => this.#tellSilence(isSilent));
    let isOn = false;
    const signal = AbortSignal.any([this.io.signal, done.signal]);
    const listened = await listenTo(
      config,
      {
        onFrames: (frames) => {
          if (!isOn) this.io.note('the microphone is on: say digits, such as “three one four”, and pause');
          isOn = true;
          level.frames(frames);
          this.#view.level(level.level);
        },
        onWord: (word) => {
          this.#view.word(word);
          return Date.now() - (word.originUs + word.heardUs) / 1000;
        },
        onFinal: () => {
          if (once) done.abort();
        },
      },
      { log: this.log, signal },
    );
    this.#view.clear();
    const result = resultOf({ source: 'microphone', topic: `${TOPICS}/microphone` }, listened);
    this.#conclude(result);
    return result;
  }

  #tellSilence(isSilent: boolean): void {
    this.#view.clear();
    const hint = 'it may be muted, or another one is wanted: `kioku devices` lists them, --device NAME takes one';
    this.io.note(isSilent ? `the microphone gives nothing but silence; ${hint}` : 'there is sound now');
  }

  /** @param reason why not the microphone; undefined: nobody wanted it */
  async #samples(reason: string | undefined): Promise<ListeningResult> {
    const { io, options } = this;
    if (reason !== undefined) io.note(`${reason}; so a sample is played instead, in real time`);
    else io.note('a sample is played, in real time');
    const result = await this.#sample(reason, true);
    this.#conclude(result);
    if (options.once || io.signal.aborted) return result;
    io.note('The sample is played again and again, for who subscribes. Ctrl-C ends.');
    for (;;) {
      await pause(AGAIN_AFTER_MS, undefined, { signal: io.signal }).catch(() => undefined);
      if (io.signal.aborted) return result;
      const { heard } = await this.#sample(reason, false);
      io.note(`again: ${heard.join(' ')}`);
    }
  }

  /** Once, from its beginning to its end. @param shown whether word by word is shown */
  async #sample(reason: string | undefined, shown: boolean): Promise<ListeningResult> {
    const { sample, io } = this;
    const config = await this.#config({ kind: 'audio-files', files: sample.file, speed: 1, stream: 'sample' });
    const playback = sample.playback();
    const listened = await listenTo(
      config,
      {
        onFrames: playback.frames,
        onWord: (word) => {
          const delayMs = playback.delayMs(word);
          if (shown) this.#view.word(word, delayMs);
          return delayMs;
        },
        onFinal: () => undefined,
      },
      { log: this.log, signal: io.signal },
    );
    return resultOf(
      {
        source: 'sample',
        topic: `${TOPICS}/sample`,
        ...(reason === undefined ? {} : { reason }),
        // What was not played cannot be heard.
        ...(io.signal.aborted ? {} : { spoken: sample.words }),
      },
      listened,
    );
  }

  #config(source: Readonly<Record<string, unknown>>): Promise<Config> {
    const { url, files } = this.parts;
    return demoConfig(files.config, { url, model: files.model, source, quiet: true });
  }

  #conclude(result: ListeningResult): void {
    for (const line of describeResult(result, this.sample.voice)) this.io.note(line);
    const model = relative(process.cwd(), this.parts.files.model);
    this.io.note(`Go on: \`kioku transcribe mic --vad --model ${model}\`; words of your own: docs/speech-training.md.`);
  }
}
