/** Which engine steps the nets, on which hardware, in how many threads: the `runtime` section of a configuration. */
import { z } from 'zod';

/** `native` is ONNX Runtime's C API, `node` the binding onnxruntime-node. */
export const ENGINES = ['auto', 'native', 'node'] as const;

/** Threads beyond the cores of any board only wait for each other. */
const MOST_THREADS = 64;

const providerName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'must be a name such as cpu, cuda or tensorrt');

const provider = z.union([
  providerName,
  z.strictObject({
    name: providerName.meta({ title: 'Provider', description: 'Name of the execution provider.' }),
    options: z.record(z.string().min(1), z.string()).default({}).meta({
      title: 'Options',
      description: 'Passed on to the provider as they are; its own documentation lists them. Numbers in quotes.',
    }),
  }),
]);

export const runtimeSchema = z
  .strictObject({
    engine: z.enum(ENGINES).default('auto').meta({
      title: 'Engine',
      description:
        '`native` calls the C API of ONNX Runtime, `node` its binding onnxruntime-node; `auto` takes `native` where it loads and agrees with `node` on a small probe model.',
    }),
    library: z.string().min(1).optional().meta({
      title: 'ONNX Runtime library',
      description:
        'Another build of ONNX Runtime for the native engine, such as that of the maker of a board, relative to this file. Absent: the one inside onnxruntime-node.',
    }),
    providers: z.array(provider).min(1).default(['cpu']).meta({
      title: 'Execution providers',
      description:
        'Hardware that runs the net, in order of preference, as a name or {name, options}; the first that works is taken. Others than `cpu` need the native engine and mostly another library.',
    }),
    threads: z
      .union([z.literal('auto'), z.int().min(0).max(MOST_THREADS)])
      .default('auto')
      .meta({
        title: 'Threads',
        description:
          'Worker threads among which the streams are shared out; 0 keeps them on the main thread. `auto`: at most one a core, for recognisers and for nets whose step, measured at the start, is longer than 0.5 ms.',
        unit: 'threads',
      }),
  })
  .check((context) => {
    const { engine, library, providers } = context.value;
    if (engine !== 'node') return;
    const mistake = (key: string, input: unknown, message: string): void => {
      context.issues.push({ code: 'custom', input, path: [key], message });
    };
    if (library !== undefined) mistake('library', library, 'is for the native engine, but engine is node');
    if (!providers.some((one) => nameOf(one) === 'cpu')) {
      mistake('providers', providers, 'must name cpu, because engine is node, which has no other');
    }
  })
  .meta({ title: 'Runtime', description: 'What steps the net: engine, hardware, threads.' });

/** Names of providers are the same in capitals. */
function nameOf(one: z.output<typeof provider>): string {
  return (typeof one === 'string' ? one : one.name).toLowerCase();
}

/** An execution provider with the options that are passed on to it. */
export interface ProviderOptions {
  /** In lower case, such as `cpu`. */
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface RuntimeOptions {
  readonly engine: (typeof ENGINES)[number];
  /** Absolute path. */
  readonly library?: string;
  /** In order of preference; at least one. */
  readonly providers: readonly ProviderOptions[];
  readonly threads: number | 'auto';
}

/** @param absolute makes a path in the configuration file absolute */
export function runtimeOptions(
  { engine, library, providers, threads }: z.output<typeof runtimeSchema>,
  absolute: (path: string) => string,
): RuntimeOptions {
  return {
    engine,
    ...(library === undefined ? {} : { library: absolute(library) }),
    providers: providers.map((one) => ({ name: nameOf(one), options: typeof one === 'string' ? {} : one.options })),
    threads,
  };
}

/** What an absent section means. */
export const DEFAULT_RUNTIME = runtimeOptions(runtimeSchema.parse({}), (path) => path);

/** An execution provider that was preferred but does not work here. */
export interface SkippedProvider {
  readonly name: string;
  readonly reason: string;
}
