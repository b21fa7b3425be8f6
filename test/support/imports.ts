/** The module specifiers that a TypeScript file imports, found by a small scanner of its text. */

const IDENTIFIER = /[A-Za-z0-9_$]/;
/** After one of these a slash begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[([{,;=:?!&|+\-*%<>~^}]|\b(?:return|case|typeof|in|of|do|else|void))$/;

export interface Import {
  readonly specifier: string;
  /** `import type` or `export type`: gone at run time. */
  readonly typeOnly: boolean;
}

/** What is remembered of the code before a string: enough for the longest list of imported names. */
const MEMORY = 2000;

/**
 * Specifiers of `import … from`, `export … from`, `import '…'`, `import('…')` and the type `import('…')`, in order.
 * Comments, strings, templates and regular expressions are skipped, so words in them do not count.
 */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  let code = '';
  for (let at = 0; at < source.length;) {
    const two = source.slice(at, at + 2);
    const char = source[at];
    if (two === '//') at = endOf(source, '\n', at);
    else if (two === '/*') at = endOf(source, '*/', at + 2) + 2;
    else if (char === '"' || char === "'") {
      const end = closing(source, at, char);
      const specifier = source.slice(at + 1, end);
      if (/(?:^|[^\w$.])(?:from|import\s*\(?)\s*$/.test(code)) {
        found.push({ specifier, typeOnly: /(?:^|[^\w$.])(?:import|export)\s+type\s[^;]*$/.test(code) });
      }
      code = `${code}_`;
      at = end + 1;
    } else if (char === '`') {
      const end = closingTemplate(source, at);
      // What a template holds in ${…} is code, too.
      for (const inner of source.slice(at + 1, end).matchAll(/import\(\s*['"]([^'"]+)['"]/g))
        found.push({ specifier: inner[1], typeOnly: false });
      code = `${code}_`;
      at = end + 1;
    } else if (char === '/' && BEFORE_REGEX.test(code.trimEnd())) {
      at = closingRegex(source, at) + 1;
      code = `${code}_`;
    } else {
      code = (code + char).slice(-MEMORY);
      at++;
    }
  }
  return found;
}

function endOf(source: string, text: string, from: number): number {
  const end = source.indexOf(text, from);
  return end < 0 ? source.length : end;
}

function closing(source: string, open: number, quote: string): number {
  let at = open + 1;
  while (at < source.length && source[at] !== quote) at += source[at] === '\\' ? 2 : 1;
  return at;
}

function closingTemplate(source: string, open: number): number {
  let at = open + 1;
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') at += 2;
    else if (source.startsWith('${', at)) at = closingBrace(source, at + 1) + 1;
    else at++;
  }
  return at;
}

function closingBrace(source: string, open: number): number {
  let at = open + 1;
  while (at < source.length && source[at] !== '}') {
    const char = source[at];
    if (char === '{') at = closingBrace(source, at) + 1;
    else if (char === '`') at = closingTemplate(source, at) + 1;
    else if (char === '"' || char === "'") at = closing(source, at, char) + 1;
    else at++;
  }
  return at;
}

function closingRegex(source: string, open: number): number {
  let at = open + 1;
  let inClass = false;
  while (at < source.length && source[at] !== '\n') {
    const char = source[at];
    if (char === '\\') at++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) break;
    at++;
  }
  while (IDENTIFIER.test(source[at + 1] ?? '')) at++;
  return at;
}
