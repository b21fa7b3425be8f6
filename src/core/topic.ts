/** Topic templates such as `factory/{device}/{channel}`: which topics to subscribe to and what each says. */
import { UserError } from './errors.js';

/** What a topic says about where its payload belongs. */
export interface Route {
  /** All variables except `{channel}`, joined by `/`; without any, the topic less the level of the channel. */
  readonly stream: string;
  /** The value of `{channel}`, when the template has one: the payload is that channel's value. */
  readonly channel?: string;
}

const VARIABLE = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;

/**
 * A template is a topic whose levels may be a variable (`{name}`), `+` (one level, not part of the name) or, at the end,
 * `#` (the rest). Matching is exact and case-sensitive, level by level, as in MQTT.
 */
export class TopicTemplate {
  /** The MQTT topic filter to subscribe to: variables become `+`. */
  readonly filter: string;
  readonly #levels: readonly string[];
  readonly #variables: readonly (string | undefined)[];

  /** @throws UserError `TOPIC_TEMPLATE` when a level is malformed */
  constructor(readonly template: string) {
    this.#levels = template.split('/');
    this.#variables = this.#levels.map((level) => VARIABLE.exec(level)?.[1]);
    this.#levels.forEach((level, i) => {
      const odd = this.#variables[i] === undefined && level !== '+' && level !== '#' && /[{}+#]/.test(level);
      const early = level === '#' && i < this.#levels.length - 1;
      if (odd || early || template === '') {
        throw new UserError('TOPIC_TEMPLATE', `'${template}' is not a topic template`, {
          hint: 'a level is plain text, {name}, + or, at the end, #; for example factory/{device}/{channel}',
        });
      }
    });
    const names = this.#variables.filter((name) => name !== undefined);
    if (new Set(names).size < names.length) {
      throw new UserError('TOPIC_TEMPLATE', `'${template}' names a variable twice`, {
        hint: 'give each level its own name',
      });
    }
    this.filter = this.#levels.map((level, i) => (this.#variables[i] === undefined ? level : '+')).join('/');
  }

  /** @returns undefined when the topic does not fit */
  route(topic: string): Route | undefined {
    const levels = topic.split('/');
    const open = this.#levels.at(-1) === '#';
    if (open ? levels.length < this.#levels.length - 1 : levels.length !== this.#levels.length) return undefined;
    const parts: string[] = [];
    let channel: string | undefined;
    for (let i = 0; i < this.#levels.length; i++) {
      const wanted = this.#levels[i];
      if (wanted === '#') break;
      const variable = this.#variables[i];
      if (variable === undefined) {
        if (wanted !== '+' && wanted !== levels[i]) return undefined;
      } else if (levels[i] === '') return undefined;
      else if (variable === 'channel') channel = levels[i];
      else parts.push(levels[i]);
    }
    // Without a device in it, `home/{channel}` is one stream of many channels, not many streams of one each.
    const rest = channel === undefined ? levels : levels.filter((_, i) => this.#variables[i] !== 'channel');
    const stream = (parts.length > 0 ? parts : rest).join('/') || topic;
    return channel === undefined ? { stream } : { stream, channel };
  }
}
