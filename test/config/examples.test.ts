import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { REGISTRY } from '../../src/config/registry.js';
import { ROOT } from '../support/build.js';

const FOLDER = join(ROOT, 'configs');
const examples = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe('the examples in configs/', () => {
  it('show every kind of source and of sink, and the embedded broker', async () => {
    const configs = await Promise.all(examples.map(async (name) => loadConfig(join(FOLDER, name))));
    const sources = new Set(configs.map((config) => config.source.kind));
    const sinks = new Set(configs.flatMap((config) => config.sinks.map((sink) => sink.kind)));
    expect(sources).toEqual(new Set(Object.keys(REGISTRY.source)));
    expect(sinks).toEqual(new Set(Object.keys(REGISTRY.sink)));
    expect(configs.some((config) => config.broker !== undefined)).toBe(true);
  });

  it.each(examples)('%s is valid', async (name) => {
    const config = await loadConfig(join(FOLDER, name));
    // Audio has none, or those that its extractor makes.
    expect(config.decode.audio || (config.align.channels?.length ?? 0) > 0).toBe(true);
    expect(config.sinks.length).toBeGreaterThan(0);
  });

  it.each(examples)('%s is commented', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const comments = text.split('\n').filter((line) => line.includes('# ')).length;
    const sections = Object.keys(parseDocument(text).toJS() as object).length;
    expect(comments).toBeGreaterThanOrEqual(sections);
  });
});
