/** tokens.txt: one `symbol id` a line; a line with an id alone means the space. */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../core/errors.js';
import type { TokenTable } from '../../core/tokens.js';

/** Symbol, blanks, id. The symbol may be absent, and may itself be white space of another script, such as U+3000. */
const LINE = /^[ \t]*(?:([^ \t].*?)[ \t]+)?(\d{1,9})[ \t]*$/s;

/** Some editors put it before UTF-8; it would become part of the first symbol, which is the blank. */
const BYTE_ORDER_MARK = /^\uFEFF/;

const MOST_MISTAKES = 5;

class FileTokens implements TokenTable {
  readonly #ids = new Map<string, number>();

  /** @param symbols by id */
  constructor(readonly symbols: readonly string[]) {
    symbols.forEach((symbol, id) => {
      // Of two tokens with one symbol the first is meant: the special ones stand at the beginning.
      if (!this.#ids.has(symbol)) this.#ids.set(symbol, id);
    });
  }

  get size(): number {
    return this.symbols.length;
  }

  symbol(id: number): string {
    return this.symbols[id];
  }

  id(symbol: string): number | undefined {
    return this.#ids.get(symbol);
  }
}

/** @throws UserError `MODEL_MISSING` when it cannot be read, `MODEL_INVALID` when it is no token table */
export async function readTokens(path: string): Promise<TokenTable> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UserError('MODEL_MISSING', `${path} cannot be read: ${messageOf(cause)}`, {
      hint: 'tokens.txt belongs to the model; copy it from where the .onnx files come from',
      cause,
    });
  });
  return parseTokens(text, path);
}

/**
 * @param path for messages
 * @throws UserError `MODEL_INVALID` that lists lines without an id, ids that come twice and ids that are left out
 */
export function parseTokens(text: string, path: string): TokenTable {
  const symbols: string[] = [];
  const mistakes: string[] = [];
  const seen = new Map<number, number>();
  const lines = text.replace(BYTE_ORDER_MARK, '').split(/\r?\n/);
  lines.forEach((line, i) => {
    if (/^[ \t]*$/.test(line)) return;
    const match = LINE.exec(line);
    const id = match ? Number(match[2]) : -1;
    const before = seen.get(id);
    if (!match) mistakes.push(`line ${i + 1} is not \`symbol id\``);
    else if (before === undefined) seen.set(id, i + 1);
    else mistakes.push(`line ${i + 1} has the id ${id} of line ${before} again`);
    if (match) symbols[id] = match[1] ?? ' ';
  });
  const missing = Array.from(seen.keys(), (_, id) => id).find((id) => !seen.has(id));
  if (missing !== undefined) mistakes.push(`the id ${missing} is left out`);
  if (seen.size === 0) mistakes.push('it is empty');
  if (mistakes.length > 0) {
    const more = mistakes.length > MOST_MISTAKES ? `; and ${mistakes.length - MOST_MISTAKES} more` : '';
    throw new UserError(
      'MODEL_INVALID',
      `${path} is no token table: ${mistakes.slice(0, MOST_MISTAKES).join('; ')}${more}`,
      { hint: 'every line is a symbol and its id, 0, 1, 2, …; copy tokens.txt of this model again' },
    );
  }
  return new FileTokens(symbols);
}
