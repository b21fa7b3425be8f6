/** Which stream a topic belongs to, by the templates of a source; one `Route` object a topic. */
import type { z } from 'zod';
import { UserError } from '../core/errors.js';
import { type Route, TopicTemplate } from '../core/topic.js';

/** Topics remembered; beyond, all are forgotten and looked up again. */
const CACHE = 131_072;
/** A longer topic is looked up every time: MQTT allows 64 kB, and so many of them would fill the memory. */
const LONGEST_CACHED_CHARS = 256;

export class Router {
  readonly #templates: readonly TopicTemplate[];
  readonly #known = new Map<string, Route | undefined>();

  /** @throws UserError `TOPIC_TEMPLATE` for a malformed template */
  constructor(templates: string | readonly string[]) {
    this.#templates = asList(templates).map(parse);
  }

  /** MQTT topic filters to subscribe to. */
  get filters(): string[] {
    return [...new Set(this.#templates.map(({ filter }) => filter))];
  }

  /** @returns by the first template that fits; undefined when none does */
  route(topic: string): Route | undefined {
    const known = this.#known.get(topic);
    if (known !== undefined || this.#known.has(topic)) return known;
    let route: Route | undefined;
    for (const template of this.#templates) {
      route = template.route(topic);
      if (route !== undefined) break;
    }
    if (topic.length > LONGEST_CACHED_CHARS) return route;
    if (this.#known.size >= CACHE) this.#known.clear();
    this.#known.set(topic, route);
    return route;
  }
}

/** For `.superRefine` of the key that holds the templates. */
export function checkTemplates(templates: string | readonly string[], ctx: z.core.$RefinementCtx): void {
  for (const template of asList(templates)) {
    try {
      parse(template);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      ctx.addIssue({ code: 'custom', message: `${error.message}: ${error.hint ?? ''}` });
    }
  }
}

function parse(template: string): TopicTemplate {
  return new TopicTemplate(template);
}

function asList(templates: string | readonly string[]): readonly string[] {
  return typeof templates === 'string' ? [templates] : templates;
}
