import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { ROOT } from '../support/build.js';

const FOLDER = join(ROOT, 'configs');
const examples = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe('the examples in configs/', () => {
  it('show every source, and what is asked about most', () => {
    expect(examples).toEqual(['embedded-broker.yaml', 'host.yaml', 'mqtt-tls.yaml', 'pumps.yaml', 'replay-csv.yaml']);
  });

  it.each(examples)('%s is valid', async (name) => {
    const config = await loadConfig(join(FOLDER, name));
    expect(config.align.channels?.length).toBeGreaterThan(0);
    expect(config.sinks.length).toBeGreaterThan(0);
  });

  it.each(examples)('%s is commented', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const comments = text.split('\n').filter((line) => line.includes('# ')).length;
    const sections = Object.keys(parseDocument(text).toJS() as object).length;
    expect(comments).toBeGreaterThanOrEqual(sections);
  });
});
