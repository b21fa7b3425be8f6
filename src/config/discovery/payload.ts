/** What one payload is made of. */

/** Names that a field path takes as they are; others are quoted: `["odd.name"]`. */
const PLAIN_KEY = /^[^.[\]"]+$/;

/** How deep and how far into lists fields are looked for: deeper ones are hardly measurements. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 8;
const MAX_FIELDS = 200;

export type Leaf = number | string | boolean;

export type Payload =
  /** Field path → value; of a list of objects: those of its first one. */
  | { readonly kind: 'json'; readonly fields: ReadonlyMap<string, Leaf> }
  /** One number in text. `unit`: something follows it, as in `21.5 °C`. */
  | { readonly kind: 'number'; readonly value: number; readonly unit: boolean }
  | { readonly kind: 'other' };

const NUMBER = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s\d.,:;+\-/]\D{0,8})?$/;

/** @param bytes as published */
export function readPayload(bytes: Uint8Array): Payload {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { kind: 'other' };
  }
  const number = NUMBER.exec(text.trimEnd());
  if (number !== null && Number.isFinite(Number(number[1]))) {
    return { kind: 'number', value: Number(number[1]), unit: number[2] !== undefined };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'other' };
  }
  const reading: unknown = Array.isArray(value) && typeof value[0] === 'object' ? value[0] : value;
  if (typeof reading !== 'object' || reading === null) return { kind: 'other' };
  const fields = new Map<string, Leaf>();
  collect(reading, '', 0, fields);
  return { kind: 'json', fields };
}

function collect(value: object, prefix: string, depth: number, fields: Map<string, Leaf>): void {
  const list = Array.isArray(value);
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    if (fields.size >= MAX_FIELDS || (list && Number(key) >= MAX_ITEMS)) return;
    const path = list ? `${prefix}[${key}]` : join(prefix, key);
    if (path === undefined) continue;
    if (typeof inner === 'number' || typeof inner === 'string' || typeof inner === 'boolean') fields.set(path, inner);
    else if (typeof inner === 'object' && inner !== null && depth < MAX_DEPTH) collect(inner, path, depth + 1, fields);
  }
}

/** @returns undefined for a name that no field path can spell */
function join(prefix: string, key: string): string | undefined {
  if (PLAIN_KEY.test(key)) return prefix === '' ? key : `${prefix}.${key}`;
  return key === '' || key.includes('"') ? undefined : `${prefix}["${key}"]`;
}
