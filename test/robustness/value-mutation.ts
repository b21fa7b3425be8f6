/** Damage that leaves JSON well-formed, so that it gets past the parser: other values in other places. */
import type { Dice } from './dice.js';
import { mutate } from './mutation.js';

const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  '\0',
  '__proto__',
  '../../etc/passwd',
  'a'.repeat(100_000),
  0,
  -0,
  -1,
  0.5,
  1e-320,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 53,
  2 ** 64,
  [],
  {},
  [[]],
  [null],
  Array.from({ length: 5000 }, (_, i) => i),
];

/** Changes one value somewhere inside: another one, none, twice, or that of a neighbour. */
function mutateValue(value: unknown, dice: Dice): unknown {
  const inside = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!inside || dice.chance(0.1)) {
    return typeof value === 'number' && dice.chance(0.5)
      ? value * dice.pick([-1, 2, 1000, 1e12, 0.001])
      : dice.pick(HOSTILE_VALUES);
  }
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const at = dice.below(items.length);
    if (dice.chance(0.1)) return items.toSpliced(at, 1);
    if (dice.chance(0.1)) return items.toSpliced(at, 0, items[at]);
    return items.with(at, mutateValue(items[at], dice));
  }
  const entries = Object.entries(value);
  const at = dice.below(entries.length);
  const [key, one] = entries[at];
  if (dice.chance(0.1)) return Object.fromEntries(entries.toSpliced(at, 1));
  if (dice.chance(0.1))
    return Object.fromEntries([...entries, [dice.pick(['__proto__', '', 'constructor', 'x']), one]]);
  if (dice.chance(0.1)) return Object.fromEntries(entries.with(at, [key, dice.pick(entries)[1]]));
  return Object.fromEntries(entries.with(at, [key, mutateValue(one, dice)]));
}

/** Damaged bytes, or damaged values where the seed is JSON. */
export function mutateText(seed: Uint8Array, dice: Dice): Uint8Array {
  if (dice.chance(0.5)) return mutate(seed, dice);
  // Each line by itself, as in JSON Lines; other text has none that is JSON.
  const lines = Buffer.from(seed).toString().split('\n');
  return Buffer.from(lines.map((line) => (/^[[{]/.test(line) ? mutatedJson(line, dice) : line)).join('\n'));
}

function mutatedJson(text: string, dice: Dice): string {
  return dice.chance(0.5) ? JSON.stringify(mutateValue(JSON.parse(text), dice)) : text;
}
