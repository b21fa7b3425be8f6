/** What a user may write about the connection over which a running kioku is told what to change. */
import { z } from 'zod';
import { checkConnection, connectionShape } from './options.js';

export const controlSchema = z
  .strictObject({
    ...connectionShape,
    prefix: z
      .string()
      .min(1)
      .regex(/^[^+#]*[^+#/]$/, 'must not hold + or #, nor end with /')
      .default('kioku/{name}/control')
      .meta({
        title: 'Topic prefix',
        description: 'PREFIX/hotwords sets the hotwords of a recogniser; {name} is the name of the configuration.',
      }),
  })
  .superRefine(checkConnection)
  .meta({
    title: 'Control',
    description: 'Lets hotwords be changed over MQTT while a recogniser runs (search: beam); absent: they are not.',
  });

export type ControlOptions = z.output<typeof controlSchema>;
