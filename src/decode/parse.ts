/** JSON as devices really send it. */

export interface Parsed {
  readonly value: unknown;
  /** Python's `json.dumps` writes NaN and Infinity, which JSON does not have: they were replaced by null. */
  readonly repaired: boolean;
}

/**
 * A string, to be left alone, or a token that is no JSON. A string without an end matches too: else the search would
 * begin anew at each of its escaped quotes, and a payload of those would take hours.
 */
const STRING_OR_NOT_FINITE = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|-?\b(?:NaN|Infinity)\b/g;

/** @returns undefined when the text is no JSON even so */
export function parseJson(text: string): Parsed | undefined {
  try {
    return { value: JSON.parse(text) as unknown, repaired: false };
  } catch {
    return repair(text);
  }
}

function repair(text: string): Parsed | undefined {
  if (!/NaN|Infinity/.test(text)) return undefined;
  try {
    const mended = text.replaceAll(STRING_OR_NOT_FINITE, (token) => (token.startsWith('"') ? token : 'null'));
    return { value: JSON.parse(mended) as unknown, repaired: true };
  } catch {
    return undefined;
  }
}
