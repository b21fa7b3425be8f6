/** The sections of a configuration that are not a kind of stage, and the whole as JSON Schema. */
import { z } from 'zod';
import { alignSchema } from '../core/alignment.js';
import { onlineSchema } from '../core/online.js';
import { runtimeSchema } from '../core/runtime.js';
import { speechSchema } from '../core/speech-training.js';
import { trainSchema } from '../core/training.js';
import { controlSchema } from '../mqtt/control-options.js';
import { toJsonSchema, type JsonSchema } from './json-schema.js';
import { REGISTRY, type Registry } from './registry.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

const brokerSchema = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').meta({
      title: 'Address',
      description: 'Address to listen on. It asks for no password: leave it on loopback unless the network is yours.',
    }),
    port: z.int().min(0).max(65_535).default(1883).meta({
      title: 'Port',
      description: 'TCP port to listen on; 0 takes any free one.',
    }),
  })
  .meta({ title: 'Embedded broker', description: 'Runs an MQTT broker inside kioku; absent: none.' });

const limitsSchema = z
  .strictObject({
    maxStreams: z.int().min(1).max(1_000_000).optional().meta({
      title: 'Most streams',
      description:
        'Streams remembered at a time; when one more comes, the one that was quiet longest is forgotten. Absent: 10,000 of sensors, 16 of audio.',
      unit: 'streams',
    }),
    streamIdleMs: z.int().min(1000).optional().meta({
      title: 'Idle time',
      description:
        'A stream without data for this long is forgotten, its memory freed. Absent: never for sensors; what was said so far in a live audio stream becomes final after 10 s.',
      unit: 'ms',
    }),
    maxDelayMs: z.number().min(0).max(10_000).optional().meta({
      title: 'Longest delay',
      description:
        'A time step waits at most this long for others, so that they go through the net together. Absent: 5 for sensors, 0 for audio. A replay never waits.',
      unit: 'ms',
    }),
  })
  .meta({ title: 'Limits', description: 'What one process may hold.' });

/** The root; the sections in `STAGES` are checked against the schema of the kind that each names. */
export const rootSchema = z.strictObject({
  name: z.string().regex(NAME, 'must be letters, digits, dots, dashes and underscores').optional().meta({
    title: 'Name',
    description: 'Name of this configuration, in MQTT client ids, topics and logs; absent: the name of the file.',
  }),
  model: z.string().min(1).optional().meta({
    title: 'Model folder',
    description: 'Where train writes the model and run reads it, relative to this file; absent: models/NAME.',
  }),
  source: z.unknown().optional(),
  broker: brokerSchema.optional(),
  control: controlSchema.optional(),
  decode: z.unknown().optional(),
  extract: z.unknown().optional(),
  align: alignSchema.prefault({}).meta({
    title: 'Alignment',
    description: 'How irregular readings become time steps; the net takes one step for each.',
  }),
  feature: z.unknown().optional(),
  decide: z.unknown().optional(),
  sinks: z.unknown().optional(),
  train: trainSchema.prefault({}),
  speech: speechSchema.optional(),
  online: onlineSchema.optional(),
  runtime: runtimeSchema.prefault({}),
  limits: limitsSchema.prefault({}),
});

export type Root = z.output<typeof rootSchema>;

/** Sections whose schema depends on their `kind`, in the order in which data passes them. */
export const STAGES = ['source', 'decode', 'extract', 'feature', 'decide', 'sink'] as const;
export type Stage = (typeof STAGES)[number];

const STAGE_TEXT: Readonly<Record<Stage, { readonly title: string; readonly description: string }>> = {
  source: { title: 'Source', description: 'Where the data comes from.' },
  decode: { title: 'Decoder', description: 'How bytes become readings.' },
  extract: {
    title: 'Extractor',
    description: 'How sound becomes channels, to watch a machine by ear; absent: it does not.',
  },
  feature: { title: 'Feature', description: 'How readings become the input of the net.' },
  decide: {
    title: 'Decider',
    description: 'How the output of the net becomes incidents, transcripts, keywords or spans of speech.',
  },
  sink: { title: 'Sink', description: 'Where events go.' },
};

/** JSON Schema (2020-12) of the whole configuration, every kind included. Loads all of them. */
export async function jsonSchema(registry: Registry = REGISTRY): Promise<JsonSchema> {
  const root = toJsonSchema(rootSchema);
  const stages = new Map<Stage, JsonSchema>();
  for (const stage of STAGES) {
    const kinds = await Promise.all(Object.values(registry[stage]).map((load) => load()));
    const fallback =
      stage === 'source' || stage === 'extract' ? {} : { default: { kind: Object.keys(registry[stage])[0] } };
    stages.set(stage, { ...STAGE_TEXT[stage], ...fallback, oneOf: kinds.map((kind) => toJsonSchema(kind.schema)) });
  }
  const properties: Record<string, JsonSchema> = {};
  for (const [key, value] of Object.entries(root.properties ?? {})) {
    properties[key] = stages.get(key as Stage) ?? value;
  }
  const { default: kind, ...sink } = stages.get('sink') ?? {};
  properties['sinks'] = {
    title: 'Sinks',
    description: 'Where events go.',
    type: 'array',
    default: [kind],
    items: sink,
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'kioku configuration',
    description: 'Streams of sensor data or audio, from their source to the events that they raise.',
    ...root,
    required: ['source'],
    properties,
  };
}
