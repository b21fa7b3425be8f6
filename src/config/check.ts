/** Checks a configuration against the schemas of its sections and of the kinds that they name. */
import { basename, dirname, extname, resolve } from 'node:path';
import type { z } from 'zod';
import type { Sink } from '../core/contracts.js';
import type {
  DecoderKind,
  ExtractKind,
  FeatureKind,
  Kind,
  SinkKind,
  SourceKind,
  StageContext,
  Task,
} from '../core/kind.js';
import { runtimeOptions } from '../core/runtime.js';
import type { Chosen, ChosenDecider, Config } from './config.js';
import { partsAt, sentence, toJsonSchema } from './json-schema.js';
import { findingsOf, suggest, type Finding, type Path } from './problems.js';
import type { Registry } from './registry.js';
import { rootSchema, type Root, type Stage } from './schema.js';

/** Of a sensor a few hundred bytes are remembered, of an audio stream up to some hundred kilobytes. */
const SENSOR_STREAMS = 10_000;
const AUDIO_STREAMS = 16;
/** Nobody sees it, and messages that come one by one share the runs of the net. */
const SENSOR_DELAY_MS = 5;

type AnyKind = Kind<z.ZodType, never, unknown>;
type DeciderKind = Awaited<ReturnType<Registry['decide'][string]>>;

/** A section that is right, with the module of its kind. */
interface Found<K extends AnyKind> {
  readonly kind: string;
  readonly options: unknown;
  readonly module: K;
}

function chosen<C, T>({ kind, options, module }: Found<Kind<z.ZodType, C, T>>): Chosen<C, T> {
  return { kind, options, create: (context) => module.create(options, context) };
}

function decider({ kind, options, module }: Found<DeciderKind>): ChosenDecider {
  if (module.task === 'forecast') {
    const silentAfterSteps = module.silentAfterSteps(options);
    return { ...chosen({ kind, options, module }), task: 'forecast', silentAfterSteps };
  }
  if (module.task === 'voice') return { ...chosen({ kind, options, module }), task: 'voice' };
  return { ...chosen({ kind, options, module }), task: 'recognise', needs: module.needs(options) };
}

/** Sections that are right by themselves but do not go together. */
function mismatches(parts: {
  readonly audio: boolean;
  readonly task: Task;
  readonly decode: string;
  readonly decide: string;
  readonly threads: Root['runtime']['threads'];
  /** Whether there may be some. */
  readonly hotwords: boolean;
  readonly sections: Readonly<Record<string, unknown>>;
}): Finding[] {
  const { audio, task, decode, decide, threads, hotwords, sections } = parts;
  const findings: Finding[] = [];
  const extracts = sections['extract'] !== undefined;
  if (task !== 'forecast' && !audio) {
    findings.push({
      path: ['decode'],
      reason: `gives readings of sensors (${decode}), but decide: ${decide} listens to audio`,
      hint: 'use decode: wav or pcm, or a source of audio such as microphone or audio-files',
    });
  }
  if (task === 'forecast' && audio && !extracts) {
    findings.push({
      path: ['extract'],
      reason: `is missing: decode: ${decode} gives audio, decide: ${decide} watches channels`,
      hint: 'add extract with kind: log-mel, mfcc or descriptors; or decide with kind: transcribe or voice',
    });
  }
  if (extracts && (!audio || task !== 'forecast')) {
    findings.push({
      path: ['extract'],
      reason: audio ? `is not for decide: ${decide}` : `needs audio, decode: ${decode} gives readings of sensors`,
      hint: 'leave it out',
    });
  }
  if (sections['online'] !== undefined && task !== 'forecast') {
    findings.push({
      path: ['online'],
      reason: `is not for decide: ${decide}: recognisers are not learnt here`,
      hint: 'leave it out',
    });
  }
  if (sections['online'] !== undefined && typeof threads === 'number' && threads > 0) {
    findings.push({
      path: ['runtime', 'threads'],
      reason: `is ${threads}, but a net that goes on learning (online) is one for all streams`,
      hint: 'leave runtime.threads out, or online',
    });
  }
  if (sections['control'] !== undefined && !hotwords) {
    findings.push({
      path: ['control'],
      reason: `is for hotwords, which decide: ${decide} has no use for`,
      hint: 'leave it out, or decide with kind: transcribe and search: beam',
    });
  }
  if (sections['speech'] !== undefined && task !== 'recognise') {
    findings.push({
      path: ['speech'],
      reason: `is not for decide: ${decide}: it is what a recogniser learns from`,
      hint: 'leave it out, or decide with kind: transcribe',
    });
  }
  if (sections['feature'] !== undefined && task !== 'forecast') {
    findings.push({
      path: ['feature'],
      reason: `is not for decide: ${decide}: the model says what it listens to`,
      hint: 'leave it out',
    });
  }
  return findings;
}

/** One pass over a value; collects what it finds instead of stopping at the first mistake. */
export class Check {
  readonly findings: Finding[] = [];

  constructor(private readonly registry: Registry) {}

  /** @returns undefined when something in it is wrong; `findings` says what */
  async config(value: unknown, file: string): Promise<Config | undefined> {
    const root = this.#against(rootSchema, value ?? {}, []) as Root | undefined;
    const sections = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
    const source = await this.#stage<SourceKind<z.ZodType>>('source', sections['source']);
    const spoken = source?.module.decoder;
    const decode = await this.#stage<DecoderKind<z.ZodType>>('decode', sections['decode'] ?? {}, spoken);
    const extract = await this.#optional<ExtractKind<z.ZodType>>('extract', sections['extract']);
    const feature = await this.#stage<FeatureKind<z.ZodType>>('feature', sections['feature'] ?? {});
    const decide = await this.#stage<DeciderKind>('decide', sections['decide'] ?? {});
    const sinks = await this.#sinks(sections['sinks']);
    if (!root || !source || !decode || extract === 'wrong' || !feature || !decide || !sinks) return undefined;
    const audio = decode.module.audio === true;
    const { task } = decide.module;
    const made = decider(decide);
    const hotwords = made.task === 'recognise' && made.needs.hotwords !== undefined;
    const { threads } = root.runtime;
    const kinds = { decode: decode.kind, decide: decide.kind };
    this.findings.push(...mismatches({ audio, task, ...kinds, threads, hotwords, sections }));
    const name = root.name ?? basename(file, extname(file));
    const baseDir = dirname(file);
    const { maxStreams = task === 'forecast' ? SENSOR_STREAMS : AUDIO_STREAMS, streamIdleMs } = root.limits;
    const { past = false } = source.module;
    const delayMs = root.limits.maxDelayMs ?? (task === 'forecast' ? SENSOR_DELAY_MS : 0);
    return {
      name,
      file,
      baseDir,
      value,
      model: resolve(baseDir, root.model ?? `models/${name}`),
      source: { ...chosen(source), past },
      ...(root.broker === undefined ? {} : { broker: root.broker }),
      ...(root.control === undefined ? {} : { control: root.control }),
      decode: { ...chosen(decode), audio },
      ...(extract === undefined ? {} : { extract: chosen(extract) }),
      align: root.align,
      feature: chosen(feature),
      decide: made,
      sinks,
      train: root.train,
      ...(root.speech === undefined ? {} : { speech: root.speech }),
      ...(root.online === undefined ? {} : { online: root.online }),
      runtime: runtimeOptions(root.runtime, (path) => resolve(baseDir, path)),
      limits: { maxStreams, streamIdleMs, maxDelayMs: past ? 0 : delayMs },
    };
  }

  async #optional<K extends AnyKind>(stage: Stage, value: unknown): Promise<Found<K> | 'wrong' | undefined> {
    if (value === undefined) return undefined;
    return (await this.#stage<K>(stage, value)) ?? 'wrong';
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
      list.map((options: unknown, i) => this.#stage<SinkKind<z.ZodType>>('sink', options, undefined, ['sinks', i])),
    );
    return sinks.every((sink) => sink !== undefined) ? sinks.map((sink) => chosen(sink)) : undefined;
  }

  /** @param usual the kind that is meant when none is written; absent: the first of the registry */
  async #stage<K extends AnyKind>(
    stage: Stage,
    value: unknown,
    usual?: string,
    path: Path = [stage],
  ): Promise<Found<K> | undefined> {
    const loaders = this.registry[stage] as unknown as Readonly<Record<string, () => Promise<K>>>;
    const names = Object.keys(loaders);
    const offer = `one of ${names.join(', ')}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const reason = value === undefined ? 'is missing' : 'must be a mapping (key: value)';
      this.findings.push({ path, reason, hint: `write kind: ${names[0]} below it; kinds: ${names.join(', ')}` });
      return undefined;
    }
    const defaulted = ['source', 'extract', 'sink'].includes(stage) ? undefined : (usual ?? names[0]);
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
    return { kind, options, module };
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
