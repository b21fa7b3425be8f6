/** The shipped configuration of the demo, with the address and the folder that only this run knows. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { Config } from '../../config/config.js';
import { parseConfig } from '../../config/load.js';

/** Works from `src/` and from `dist/`, which lie at the same depth. */
const FILE = fileURLToPath(new URL('../../../configs/demo.yaml', import.meta.url));

/**
 * @param url of the embedded broker
 * @param model folder for the model
 * @param quiet no incidents on standard output, where a result in JSON goes
 */
export async function demoConfig(url: string, model: string, quiet: boolean): Promise<Config> {
  const document = parseDocument(await readFile(FILE, 'utf8'));
  document.set('model', model);
  document.setIn(['source', 'url'], url);
  const sinks = document.get('sinks');
  for (const sink of isSeq(sinks) ? sinks.items : []) {
    if (isMap(sink) && sink.get('kind') === 'mqtt') sink.set('url', url);
  }
  const config = await parseConfig(document.toString(), FILE, 'configs/demo.yaml');
  return quiet ? { ...config, sinks: config.sinks.filter(({ kind }) => kind !== 'console') } : config;
}
