/** A small registry for the tests of the loader, so that they do not depend on what the real kinds ask for. */
import { z } from 'zod';
import type { Kind } from '../../src/core/kind.js';
import { BugError } from '../../src/core/errors.js';
import type { Registry } from '../../src/config/registry.js';

const radioSchema = z.strictObject({
  kind: z.literal('radio'),
  url: z.string().min(1).meta({ title: 'Address', description: 'Where the sender is.' }),
  passwordFile: z.string().optional().meta({ title: 'Password file', description: 'File that holds the password.' }),
  bands: z
    .array(
      z.strictObject({
        name: z.string().meta({ title: 'Band', description: 'Name of the band.' }),
        widthHz: z.number().positive().max(1e6).default(1000).meta({
          title: 'Width',
          description: 'Width of the band.',
          unit: 'Hz',
        }),
      }),
    )
    .default([])
    .meta({ title: 'Bands', description: 'What to listen to.' }),
  gain: z
    .union([
      z.literal('auto'),
      z.strictObject({ db: z.number().meta({ title: 'dB', description: 'Gain in decibels.' }) }),
    ])
    .default('auto')
    .meta({ title: 'Gain', description: 'Amplification.' }),
});

const plainSchema = z.strictObject({
  kind: z.literal('plain'),
  level: z.enum(['low', 'high']).default('low').meta({ title: 'Level', description: 'How much.' }),
});

function kindOf<S extends z.ZodType>(schema: S): Kind<S, unknown, never> {
  return {
    schema,
    create: () => {
      throw new BugError('the loader must not make stages');
    },
  };
}

const plain = { plain: () => Promise.resolve(kindOf(plainSchema)) };

/** @param loaded collects the names of the kinds that were loaded */
export function testRegistry(loaded: string[] = []): Registry {
  const radio = (): Promise<Kind<typeof radioSchema, unknown, never>> => {
    loaded.push('radio');
    return Promise.resolve(kindOf(radioSchema));
  };
  const tape = (): Promise<never> => {
    loaded.push('tape');
    return Promise.reject(new BugError('tape is not used by any test'));
  };
  const forecasting = { task: 'forecast' as const, silentAfterSteps: (): number => 10 };
  const decide = { plain: () => Promise.resolve({ ...kindOf(plainSchema), ...forecasting }) };
  return { source: { radio, tape }, decode: plain, extract: plain, feature: plain, decide, sink: plain };
}
