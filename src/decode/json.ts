/** JSON payloads → readings: an object, an array of objects, or a bare value where the topic names the channel. */
import { z } from 'zod';
import { TIME_FORMATS } from '../core/time.js';
import type { DecoderKind } from '../core/kind.js';
import { JsonDecoder } from './json-decoder.js';
import { fieldPath } from './path.js';

const schema = z.strictObject({
  kind: z.literal('json').meta({ title: 'Kind', description: 'Payloads are JSON.' }),
  channels: z.record(z.string().min(1), fieldPath).optional().meta({
    title: 'Channels',
    description:
      'Channel name → field path, such as data.temp or values[0]. Default: every field of the object that is a number or a boolean, under its own name, but for the time (`time`, or what is called time, timestamp, datetime, date or ts). Not used where the topic names the {channel}.',
  }),
  valueField: fieldPath.default('value').meta({
    title: 'Value field',
    description: 'Where the topic names the {channel} and the payload is an object: the field that holds the value.',
  }),
  time: z
    .strictObject({
      field: fieldPath.meta({ title: 'Time field', description: 'The field that says when it was measured.' }),
      format: z.enum(TIME_FORMATS).default('auto').meta({
        title: 'Time format',
        description:
          'ISO 8601 or 31.1.2026 12:00 (without a zone: UTC), a number in s, ms or us since 1970, or auto: by look and magnitude.',
      }),
    })
    .optional()
    .meta({ title: 'Time', description: 'When a reading was measured. Default: when it arrived.' }),
  streamField: fieldPath.optional().meta({
    title: 'Stream field',
    description: "The field that names the stream, in place of the topic's variables.",
  }),
  sequenceField: fieldPath.optional().meta({
    title: 'Sequence field',
    description: "The field with the device's own message number, by which repeated deliveries are dropped.",
  }),
  numericStrings: z.boolean().default(false).meta({
    title: 'Numeric strings',
    description: 'Whether "21.5", in quotes, is a number too.',
  }),
});

export type JsonOptions = z.output<typeof schema>;

export const jsonKind: DecoderKind<typeof schema> = {
  schema,
  create: (options, { counters, log }) => new JsonDecoder(options, counters, log),
};
