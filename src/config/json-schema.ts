/** JSON Schema as this project reads it: to explain a key to its user. */
import { z } from 'zod';
import type { Path } from './problems.js';

/** A JSON Schema, as far as this project reads one. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** What a user may write, without the defaults filled in; keys that are no part of JSON Schema (`unit`) are kept. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest as JsonSchema;
}

/** The parts of a JSON Schema that describe the value at `path`: several where there are alternatives. */
export function partsAt(schema: JsonSchema, path: Path): JsonSchema[] {
  const alternatives = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const [first, ...rest] = path;
  if (first === undefined) return alternatives;
  return alternatives.flatMap((part) => {
    const extra = typeof part.additionalProperties === 'object' ? part.additionalProperties : undefined;
    const next = typeof first === 'number' ? part.items : (part.properties?.[first] ?? extra);
    return next === undefined ? [] : partsAt(next, rest);
  });
}

/** What the key is for, as a hint. */
export function sentence(schema: JsonSchema): string | undefined {
  if (schema.description === undefined) return undefined;
  const facts = [
    ...(schema.unit === undefined ? [] : [`in ${schema.unit}`]),
    ...(typeof schema.default === 'object' || schema.default === undefined
      ? []
      : [`default ${JSON.stringify(schema.default)}`]),
  ];
  return [schema.description.replace(/\.$/, ''), ...facts].join('; ');
}
