/** The configuration reference, as Markdown, from the schema alone: it cannot be out of date. */
import type { JsonSchema } from './json-schema.js';

/** @param schema of the whole configuration, see `jsonSchema` */
export function schemaPage(schema: JsonSchema): string {
  const lines = [
    '# Configuration',
    '',
    'One YAML file describes one pipeline. This page is made from the schema by `kioku schema --markdown`; `kioku schema`',
    'prints the JSON Schema for an editor, and `kioku check FILE` lists every mistake in a file. Secrets are never written',
    'into it: passwords come from a file or an environment variable that it names.',
    '',
    '| section | holds | default |',
    '| --- | --- | --- |',
  ];
  const sections = Object.entries(schema.properties ?? {});
  for (const [name, section] of sections) {
    const required = schema.required?.includes(name) ?? false;
    lines.push(`| \`${name}\` | ${cell(section.description)} | ${required ? 'required' : defaultOf(section)} |`);
  }
  for (const [name, section] of sections) {
    const described = name === 'sinks' ? section.items : section;
    if (described === undefined) continue;
    const kinds = described.oneOf ?? [];
    if (kinds.length === 0 && described.properties === undefined) continue;
    lines.push('', `## ${name}: ${section.title ?? name}`, '', section.description ?? '');
    if (kinds.length === 0) lines.push(...table(described));
    for (const kind of kinds) {
      lines.push('', `### ${name}, kind \`${String(kind.properties?.['kind']?.const)}\``);
      if (kind.description !== undefined) lines.push('', kind.description);
      lines.push(...table(kind));
    }
  }
  return `${lines.join('\n')}\n`;
}

function table(schema: JsonSchema): string[] {
  const lines = ['', '| key | type | unit | range | default | meaning |', '| --- | --- | --- | --- | --- | --- |'];
  return [...lines, ...rows(schema, '')];
}

/** One row a key; keys of nested mappings and lists follow their parent. */
function rows(schema: JsonSchema, prefix: string): string[] {
  const lines: string[] = [];
  for (const [name, key] of Object.entries(schema.properties ?? {})) {
    if (key.const !== undefined) continue;
    const path = `${prefix}${name}`;
    const required = key.default === undefined && (schema.required?.includes(name) ?? false);
    const fallback = required ? 'required' : defaultOf(key);
    const columns = [`\`${path}\``, typeOf(key), key.unit ?? '', rangeOf(key), fallback, cell(key.description)];
    lines.push(`| ${columns.join(' | ')} |`);
    for (const part of [key, ...(key.anyOf ?? []), ...(key.oneOf ?? [])]) {
      lines.push(...rows(part, `${path}.`));
      if (part.items !== undefined) lines.push(...rows(part.items, `${path}[].`));
      if (typeof part.additionalProperties === 'object') lines.push(...rows(part.additionalProperties, `${path}.*.`));
    }
  }
  return lines;
}

function typeOf(key: JsonSchema): string {
  if (key.enum !== undefined) return key.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (key.const !== undefined) return `\`${String(key.const)}\``;
  const alternatives = key.anyOf ?? key.oneOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeOf))].join(' or ');
  if (key.type === 'array') return key.items === undefined ? 'list' : `list of ${typeOf(key.items)}`;
  return (
    { object: 'mapping', string: 'text', boolean: 'true, false', integer: 'whole number' }[key.type ?? ''] ??
    key.type ??
    ''
  );
}

function rangeOf(key: JsonSchema): string {
  // Without an upper bound zod states that of exact integers, which says nothing.
  const maximum = key.maximum === Number.MAX_SAFE_INTEGER ? undefined : key.maximum;
  const bounds = [
    ...(key.minimum === undefined || key.minimum === Number.MIN_SAFE_INTEGER ? [] : [`≥ ${key.minimum}`]),
    ...(key.exclusiveMinimum === undefined ? [] : [`> ${key.exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`≤ ${maximum}`]),
    ...(key.exclusiveMaximum === undefined ? [] : [`< ${key.exclusiveMaximum}`]),
  ];
  return bounds.join(', ');
}

/** `{}` says only that a section may be absent, as all others may. */
function defaultOf(key: JsonSchema): string {
  const text = JSON.stringify(key.default) as string | undefined;
  return text === undefined || text === '{}' ? '' : `\`${text}\``;
}

function cell(text = ''): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
