/** Data files on the command line: read in place of a configuration's source, or without a configuration at all. */
import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { Document } from 'yaml';
import type { Config } from '../config/config.js';
import { discover, isWatchable, type Heard, type WatchableGroup } from '../config/discovery/discover.js';
import { proposeStepMs } from '../config/discovery/proposal.js';
import { defineConfig, loadConfig, parseConfig } from '../config/load.js';
import { beginsLikeWav, magicOf } from '../core/audio-magic.js';
import { messageOf, UserError } from '../core/errors.js';
import { silentLog, type Log } from '../core/log.js';
import { takePackets } from '../intake.js';
import { contextOf } from '../stage-context.js';
import type { Io } from './output.js';

/** Rows looked at to find channels and time step. */
const ROWS_TO_LOOK_AT = 2000;

/** Whether an argument is a configuration rather than data. */
export function isConfigFile(path: string): boolean {
  return ['.yaml', '.yml'].includes(extname(path).toLowerCase());
}

/** The same configuration, reading `files` (relative to the working directory) as fast as it can. */
export async function withDataFiles(config: Config, files: readonly string[]): Promise<Config> {
  const paths = files.map((file) => resolve(file));
  const { broker: _, ...rest } = config;
  if (config.decode.audio) {
    const source = { kind: 'audio-files', files: paths, ...keyOf(config.source.options, 'stream') };
    // Any extractor will do: only how the files are read is taken.
    const heard = await defineConfig({ source, extract: { kind: 'log-mel' } }, config.file);
    return { ...rest, source: heard.source, decode: heard.decode };
  }
  const source = { kind: 'replay', files: paths, ...keyOf(config.source.options, 'topic') };
  const { source: replay } = await defineConfig({ source }, config.file);
  return { ...rest, source: replay };
}

/** A recording is read with the topic template of the feed that it was made of, clips as the stream of their microphone. */
function keyOf(options: unknown, key: 'topic' | 'stream'): Readonly<Record<string, unknown>> {
  const value = (options as Readonly<Record<string, unknown>>)[key];
  return value === undefined ? {} : { [key]: value };
}

/**
 * Looks into data files and writes a configuration for them beside the working directory's other files.
 * @returns it, loaded
 * @throws UserError `ARGUMENT` when its file is there already, `DATA_INVALID` when there is nothing to watch
 */
export async function configForDataFiles(files: readonly string[], log: Log, io: Io): Promise<Config> {
  const name = basename(files[0], extname(files[0])).replaceAll(/[^A-Za-z0-9_.-]/g, '-');
  const path = `${name}.yaml`;
  if (existsSync(path)) {
    throw new UserError('ARGUMENT', `${path} is already there`, {
      hint: `use it with \`kioku train ${path}\`, or remove it to have it proposed anew`,
    });
  }
  for (const file of files) await refuseSound(file);
  const text = await propose(files, resolve(path), log, io.signal);
  await parseConfig(text, resolve(path), path);
  await writeFile(path, text).catch((cause: unknown) => {
    throw new UserError('DISK', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  });
  io.note(`wrote ${path}`);
  return loadConfig(path);
}

/** @throws UserError `DATA_INVALID` for what begins like sound or an archive, and would be shown as columns of a table */
async function refuseSound(file: string): Promise<void> {
  const { buffer, bytesRead } = await firstBytes(file);
  const begun = buffer.subarray(0, bytesRead);
  // A table may well begin with a column called FORM or ID3.
  if (!begun.includes(0)) return;
  if (beginsLikeWav(begun)) {
    throw new UserError('DATA_INVALID', `${file} is a WAV file, which only a configuration with extract learns from`, {
      hint: `\`kioku train CONFIG.yaml ${file}\`, where CONFIG.yaml is like configs/machine-sound.yaml`,
    });
  }
  const what = magicOf(begun);
  if (what === undefined) return;
  throw new UserError('DATA_INVALID', `${file} is ${what}`, { hint: 'kioku learns from CSV, JSON Lines and WAV' });
}

async function firstBytes(file: string): Promise<{ readonly buffer: Uint8Array; readonly bytesRead: number }> {
  const nothing = { buffer: new Uint8Array(0), bytesRead: 0 };
  // What cannot be opened or read, such as a folder, is the business of who reads all of it.
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return nothing;
  try {
    return await handle.read(new Uint8Array(64), 0, 64, 0).catch(() => nothing);
  } finally {
    await handle.close();
  }
}

async function propose(files: readonly string[], path: string, log: Log, signal: AbortSignal): Promise<string> {
  const plain = { kind: 'replay', files: files.map((file) => relative(dirname(path), resolve(file)) || '.') };
  const asIs = await look(plain, path, log, signal);
  // Half the world writes 20,5. Reading it that way must find more, not only something.
  const comma = await look({ ...plain, decimal: ',' }, path, silentLog, signal);
  const { source, heard, group } = channelsIn(comma) > channelsIn(asIs) ? comma : asIs;
  if (group === undefined) {
    throw new UserError('DATA_INVALID', `${files.join(', ')}: none of the first ${heard.length} rows holds a number`, {
      hint: 'kioku reads CSV with a header line and JSON Lines; see `kioku schema` for other separators',
    });
  }
  const spanMs = ((heard.at(-1)?.arrivedUs ?? 0) - (heard[0]?.arrivedUs ?? 0)) / 1000;
  const document = new Document({
    source,
    decode: group.decode,
    align: {
      stepMs: proposeStepMs(group.intervalMs, spanMs),
      channels: group.channels.map((channel) => ({ name: channel.name, aggregate: 'mean' })),
    },
    sinks: [{ kind: 'console' }],
  });
  document.commentBefore = [
    ` Proposed by kioku train from the first ${heard.length} rows of ${files.map((file) => basename(file)).join(', ')}.`,
    ' Every key is explained in docs/configuration.md. Next:',
    '   kioku run FILE        replay the data through the model and see what it says',
  ].join('\n');
  return document.toString({ lineWidth: 0 });
}

interface Look {
  readonly source: object;
  readonly heard: readonly Heard[];
  readonly group: WatchableGroup | undefined;
}

async function look(source: object, path: string, log: Log, signal: AbortSignal): Promise<Look> {
  const heard = await firstRows(await defineConfig({ source }, path), log, signal);
  return { source, heard, group: discover(heard).groups.find(isWatchable) };
}

function channelsIn({ group }: Look): number {
  return group?.channels.length ?? 0;
}

async function firstRows(config: Config, log: Log, signal: AbortSignal): Promise<Heard[]> {
  const heard: Heard[] = [];
  const enough = new AbortController();
  await takePackets(config, {
    context: contextOf(config, { log }),
    signal: AbortSignal.any([signal, enough.signal]),
    onPackets: (packets) => {
      for (const packet of packets) heard.push(packet);
      if (heard.length >= ROWS_TO_LOOK_AT) enough.abort();
    },
  });
  return heard.slice(0, ROWS_TO_LOOK_AT);
}
