/** The shipped configurations of the demos, with the addresses and folders that only this run knows. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { Config } from '../../config/config.js';
import { parseConfig } from '../../config/load.js';

export interface DemoConfigParts {
  /** Of the embedded broker, for sinks. */
  readonly url: string;
  /** Folder of the model. */
  readonly model: string;
  /** Of the source: with a `kind` in place of the file's, else beside its options. */
  readonly source: Readonly<Record<string, unknown>>;
  /** No events on standard output. */
  readonly quiet: boolean;
}

/** Path of a shipped configuration; its name is without the ending. Works from `src/` and from `dist/`, which lie at the same depth. */
export function shippedConfig(name: string): string {
  return fileURLToPath(new URL(`../../../configs/${name}.yaml`, import.meta.url));
}

/** @param file path of a configuration */
export async function demoConfig(file: string, { url, model, source, quiet }: DemoConfigParts): Promise<Config> {
  const document = parseDocument(await readFile(file, 'utf8'));
  document.set('model', model);
  if ('kind' in source) document.set('source', document.createNode(source));
  else for (const [key, value] of Object.entries(source)) document.setIn(['source', key], value);
  const sinks = document.get('sinks');
  for (const sink of isSeq(sinks) ? sinks.items : []) {
    if (isMap(sink) && sink.get('kind') === 'mqtt') sink.set('url', url);
  }
  const config = await parseConfig(document.toString(), file, file);
  return quiet ? { ...config, sinks: config.sinks.filter(({ kind }) => kind !== 'console') } : config;
}
