/** Checks a configuration against the schemas of its sections and of the kinds that they name. */
import { basename, dirname, extname, resolve } from 'node:path';
import type { z } from 'zod';
import type { Decider, Decoder, Feature, Scaler, Sink, Source } from '../core/contracts.js';
import type { DeciderContext, Kind, ModelContext, SourceContext, StageContext } from '../core/kind.js';
import type { Chosen, Config } from './config.js';
import { partsAt, sentence, toJsonSchema } from './json-schema.js';
import { findingsOf, suggest, type Finding, type Path } from './problems.js';
import type { Registry } from './registry.js';
import { rootSchema, type Root, type Stage } from './schema.js';

/** One pass over a value; collects what it finds instead of stopping at the first mistake. */
export class Check {
  readonly findings: Finding[] = [];

  constructor(private readonly registry: Registry) {}

  /** @returns undefined when something in it is wrong; `findings` says what */
  async config(value: unknown, file: string): Promise<Config | undefined> {
    const root = this.#against(rootSchema, value ?? {}, []) as Root | undefined;
    const sections = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
    const source = await this.#stage<SourceContext, Source>('source', sections['source'], ['source']);
    const decode = await this.#stage<StageContext, Decoder>('decode', sections['decode'] ?? {}, ['decode']);
    const feature = await this.#stage<ModelContext, Feature & Scaler>('feature', sections['feature'] ?? {}, [
      'feature',
    ]);
    const decide = await this.#stage<DeciderContext, Decider>('decide', sections['decide'] ?? {}, ['decide']);
    const sinks = await this.#sinks(sections['sinks']);
    if (!root || !source || !decode || !feature || !decide || !sinks) return undefined;
    const name = root.name ?? basename(file, extname(file));
    const baseDir = dirname(file);
    return {
      name,
      file,
      baseDir,
      model: resolve(baseDir, root.model ?? `models/${name}`),
      source,
      ...(root.broker === undefined ? {} : { broker: root.broker }),
      decode,
      align: root.align,
      feature,
      decide,
      sinks,
      train: root.train,
      limits: root.limits,
    };
  }

  async #sinks(value: unknown): Promise<readonly Chosen<StageContext, Sink>[] | undefined> {
    const list = value ?? [{ kind: Object.keys(this.registry.sink)[0] }];
    if (!Array.isArray(list)) {
      this.findings.push({
        path: ['sinks'],
        reason: 'must be a list',
        hint: 'begin each sink with a dash: - kind: console',
      });
      return undefined;
    }
    const sinks = await Promise.all(
      list.map((options: unknown, i) => this.#stage<StageContext, Sink>('sink', options, ['sinks', i])),
    );
    return sinks.every((sink) => sink !== undefined) ? sinks : undefined;
  }

  async #stage<C, T>(stage: Stage, value: unknown, path: Path): Promise<Chosen<C, T> | undefined> {
    const loaders = this.registry[stage] as Readonly<Record<string, () => Promise<Kind<z.ZodType, C, T>>>>;
    const names = Object.keys(loaders);
    const offer = `one of ${names.join(', ')}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const reason = value === undefined ? 'is missing' : 'must be a mapping (key: value)';
      this.findings.push({ path, reason, hint: `write kind: ${names[0]} below it; kinds: ${names.join(', ')}` });
      return undefined;
    }
    const defaulted = stage === 'source' || stage === 'sink' ? undefined : names[0];
    const kind: unknown = 'kind' in value ? value.kind : defaulted;
    const load = typeof kind === 'string' && Object.hasOwn(loaders, kind) ? loaders[kind] : undefined;
    if (typeof kind !== 'string' || load === undefined) {
      const near = typeof kind === 'string' ? suggest(kind, names) : undefined;
      const reason = kind === undefined ? 'is missing' : `must be ${offer}`;
      this.findings.push({ path: [...path, 'kind'], reason, hint: near ?? `write ${offer}` });
      return undefined;
    }
    const module = await load();
    const options = this.#against(module.schema, { ...value, kind }, path);
    if (options === undefined) return undefined;
    return { kind, options, create: (context) => module.create(options, context) };
  }

  #against(schema: z.ZodType, value: unknown, path: Path): unknown {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const described = toJsonSchema(schema);
    this.findings.push(
      ...findingsOf(
        parsed.error.issues,
        path,
        (inner) => partsAt(described, inner).flatMap((found) => Object.keys(found.properties ?? {})),
        (inner) =>
          partsAt(described, inner)
            .map(sentence)
            .find((text) => text !== undefined),
      ),
    );
    return undefined;
  }
}
