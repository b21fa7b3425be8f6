/** What may be written about audio files, and which stream each of them becomes. */
import { basename, extname, resolve } from 'node:path';
import { z } from 'zod';
import { pcmShape } from '../core/pcm-format.js';
import type { Route } from '../core/topic.js';

/** Standard input. */
export const STDIN = '-';

const text = z.string().min(1);

export const audioFilesSchema = z
  .strictObject({
    kind: z.literal('audio-files').meta({ title: 'Kind', description: 'Audio from files and standard input.' }),
    files: z
      .union([text, z.array(text).min(1)])
      .refine((files) => typeof files === 'string' || files.filter((file) => file === STDIN).length < 2, {
        message: 'standard input (-) can be read only once',
      })
      .meta({
        title: 'Files',
        description:
          'One file or a list, relative to this configuration; - is standard input. Each is a stream, named like the file without its ending.',
      }),
    format: z.enum(['auto', 'wav', 'pcm']).default('auto').meta({
      title: 'Format',
      description:
        'wav, or pcm for raw audio; auto: what begins like WAV is WAV, anything else on standard input is raw audio, any other file is refused.',
    }),
    pcm: z.strictObject(pcmShape).prefault({}).meta({
      title: 'Raw audio',
      description: 'How raw audio is written. WAV says it itself.',
    }),
    speed: z
      .union([z.literal('full'), z.number().positive().max(1e6)])
      .default('full')
      .meta({
        title: 'Speed',
        description: 'full: as fast as it can be taken; 1: in real time; 10: ten times as fast.',
      }),
    parallel: z
      .union([z.boolean(), z.int().min(1).max(1000)])
      .default(false)
      .meta({
        title: 'Parallel',
        description:
          'true: all at the same time, so that streams share the steps of the net; false: one after the other; a number: so many at the same time, then the next ones.',
      }),
    stream: text.optional().meta({
      title: 'Stream',
      description:
        'All files are this one stream, one after the other and an hour apart, such as clips of one machine; absent: each is a stream of its own.',
    }),
  })
  .refine(({ stream, parallel }) => stream === undefined || parallel === false, {
    path: ['parallel'],
    message: 'must be false when all files are one stream',
  });

export type AudioFilesOptions = z.output<typeof audioFilesSchema>;

/** A file, or standard input, and the stream that it becomes. */
export interface Recording {
  /** `-`, or an absolute path. */
  readonly file: string;
  readonly route: Route;
}

/** @param only name of all; absent: the name of the file without its ending, of equal ones the second is NAME-2 */
export function recordingsOf(
  files: readonly string[],
  baseDir: string,
  only: string | undefined,
): readonly Recording[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const name = file === STDIN ? 'stdin' : basename(file, extname(file));
    let stream = name;
    for (let n = 2; taken.has(stream); n++) stream = `${name}-${n}`;
    taken.add(stream);
    if (only !== undefined) stream = only;
    return { file: file === STDIN ? STDIN : resolve(baseDir, file), route: { stream } };
  });
}
