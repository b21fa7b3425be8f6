import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../src/config/json-schema.js';
import { REGISTRY } from '../../src/config/registry.js';
import { jsonSchema, STAGES } from '../../src/config/schema.js';
import { schemaPage } from '../../src/config/schema-page.js';
import { ROOT } from '../support/build.js';

const UNITS: Readonly<Record<string, string>> = {
  Ms: 'ms',
  Us: 'µs',
  Hz: 'Hz',
  Bytes: 'bytes',
  Seconds: 's',
  Steps: 'steps',
};

interface Named {
  readonly path: string;
  readonly name: string;
  readonly key: JsonSchema;
}

/** Every key that a user can write, with the alternatives and the entries of lists and mappings. */
function keysOf(schema: JsonSchema, path: string): Named[] {
  const keys: Named[] = [];
  for (const [name, key] of Object.entries(schema.properties ?? {})) {
    keys.push({ path: `${path}.${name}`, name, key });
    keys.push(...keysOf(key, `${path}.${name}`));
  }
  for (const part of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) keys.push(...keysOf(part, path));
  if (schema.items !== undefined) keys.push(...keysOf(schema.items, `${path}[]`));
  if (typeof schema.additionalProperties === 'object') keys.push(...keysOf(schema.additionalProperties, `${path}.*`));
  return keys;
}

let schema: JsonSchema = {};
let keys: Named[] = [];
beforeAll(async () => {
  schema = await jsonSchema();
  keys = keysOf(schema, 'config');
});

describe('the schema', () => {
  it('explains every key: title and description', () => {
    expect(keys.length).toBeGreaterThan(60);
    const dumb = keys.filter(({ key }) => !key.title || !key.description);
    expect(dumb.map(({ path }) => path)).toEqual([]);
  });

  it('gives the unit of every number that has one in its name', () => {
    const wrong = keys.filter(({ name, key }) => {
      const suffix = Object.keys(UNITS).find((end) => name.endsWith(end));
      return suffix !== undefined && key.unit !== UNITS[suffix];
    });
    expect(wrong.map(({ path, key }) => `${path}: ${key.unit}`)).toEqual([]);
  });

  it('gives every number a range', () => {
    const numbers = keys.filter(({ key }) => key.type === 'number' || key.type === 'integer');
    const unbounded = numbers.filter(({ key }) => key.minimum === undefined && key.exclusiveMinimum === undefined);
    expect(unbounded.map(({ path }) => path)).toEqual([]);
  });

  it('holds every kind of every stage', () => {
    for (const stage of STAGES) {
      const section = stage === 'sink' ? schema.properties?.['sinks']?.items : schema.properties?.[stage];
      const kinds = section?.oneOf?.map((kind) => kind.properties?.['kind']?.const);
      expect(kinds).toEqual(Object.keys(REGISTRY[stage]));
    }
  });

  it('allows no unknown key anywhere in a kind', () => {
    const kinds = STAGES.flatMap(
      (stage) => (stage === 'sink' ? schema.properties?.['sinks']?.items : schema.properties?.[stage])?.oneOf ?? [],
    );
    expect(kinds.length).toBeGreaterThanOrEqual(10);
    expect(kinds.every((kind) => kind.additionalProperties === false)).toBe(true);
  });
});

describe('docs/configuration.md', () => {
  it('is what `kioku schema --markdown` prints', () => {
    const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    expect(page).toBe(schemaPage(schema));
  });

  it('has a row for every key', () => {
    const page = schemaPage(schema);
    const written = keys.filter(({ key }) => key.const === undefined);
    expect(written.filter(({ name }) => !page.includes(name))).toEqual([]);
  });
});
