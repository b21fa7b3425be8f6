/**
 * Hotwords over MQTT: a list on PREFIX/hotwords, retained by whoever sends it so that it also holds after a restart. It takes
 * the place of those of the configuration; an empty message, which also takes the retained one away, brings these back.
 */
import { z } from 'zod';
import { type Hotword, hotwordsSchema } from '../core/hotwords.js';
import type { StageContext } from '../core/kind.js';
import { MqttConnection } from './connection.js';
import type { ControlOptions } from './control-options.js';

/** A list of ten thousand phrases has less. */
const MOST_BYTES = 4 * 1024 * 1024;

/** As in the configuration, or phrases alone. */
const messageSchema = z
  .array(z.union([z.string().transform((phrase) => ({ phrase })), z.unknown()]))
  .pipe(hotwordsSchema);

/** @param hotwords undefined: those of the configuration */
type OnHotwords = (hotwords: readonly Hotword[] | undefined) => void;

export class HotwordControl {
  readonly #connection: MqttConnection;

  constructor(
    options: ControlOptions,
    private readonly context: StageContext,
    private readonly onHotwords: OnHotwords,
  ) {
    const { name, baseDir, log } = context;
    this.#connection = new MqttConnection(options, {
      clientId: `kioku-${name}-control`,
      baseDir,
      log,
      subscription: {
        filters: [`${options.prefix.replaceAll('{name}', name)}/hotwords`],
        qos: 1,
        receive: (_topic, payload) => {
          this.#take(payload);
          return true;
        },
      },
    });
  }

  /** @throws UserError as `MqttConnection.start` */
  start(signal: AbortSignal): Promise<void> {
    return this.#connection.start(signal);
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  #take(payload: Buffer): void {
    const { counters, log } = this.context;
    if (payload.length === 0) {
      log.info({}, 'hotwords are those of the configuration again');
      return this.onHotwords(undefined);
    }
    const hotwords = hotwordsIn(payload);
    if (typeof hotwords === 'string') {
      counters.count('pipeline.bad-hotwords');
      log.warn({ reason: hotwords }, 'a message with hotwords was not understood; those of before stay');
      return;
    }
    log.info({ hotwords: hotwords.length }, 'hotwords were set over MQTT');
    this.onHotwords(hotwords);
  }
}

/** @returns what is wrong, where something is */
function hotwordsIn(payload: Buffer): readonly Hotword[] | string {
  if (payload.length > MOST_BYTES) return `${payload.length} bytes are too many`;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'it is not JSON';
  }
  const { data, error } = messageSchema.safeParse(value);
  return data ?? z.prettifyError(error).split('\n').slice(0, 2).join(' ');
}
