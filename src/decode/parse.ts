/** JSON as devices really send it. */

export interface Parsed {
  readonly value: unknown;
  /** Python's `json.dumps` writes NaN and Infinity, which JSON does not have: they were replaced by null. */
  readonly repaired: boolean;
}

/** A whole string, to be left alone, or a token that is no JSON. */
const STRING_OR_NOT_FINITE = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

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
