/** Which topics belong together, and the template that fits a family of them. */

/** One level of a family's topics. */
interface Level {
  readonly values: ReadonlySet<string>;
  readonly varies: boolean;
}

/** Names for varying levels that are not the channel, from the last one up. */
const LEVEL_NAMES = ['device', 'area', 'site'];

/**
 * Topics that differ in one level only are relatives, and so are relatives of relatives.
 * @param topics all different
 * @param alike whether two relatives carry the same kind of thing
 * @returns families, each with at least one topic, in the order of their first topic
 */
export function families(topics: readonly string[], alike: (a: string, b: string) => boolean): string[][] {
  const parent = topics.map((_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) at = parent[at];
    parent[i] = at;
    return at;
  };
  const patterns = new Map<string, number[]>();
  topics.forEach((topic, i) => {
    const levels = topic.split('/');
    for (let k = 0; k < levels.length; k++) {
      const pattern = levels.with(k, '+').join('/');
      const members = patterns.get(pattern) ?? [];
      // One representative of each sort is enough to be linked to the rest of it.
      const relative = members.find((member) => alike(topics[member], topic));
      if (relative === undefined) patterns.set(pattern, [...members, i]);
      else parent[root(i)] = root(relative);
    }
  });
  const groups = new Map<number, string[]>();
  topics.forEach((topic, i) => {
    const group = groups.get(root(i));
    if (group === undefined) groups.set(root(i), [topic]);
    else group.push(topic);
  });
  return [...groups.values()];
}

/** The levels of a family; all its topics have the same number of them. */
function levelsOf(family: readonly string[]): Level[] {
  const split = family.map((topic) => topic.split('/'));
  return (split[0] ?? []).map((_, k) => {
    const values = new Set(split.map((levels) => levels[k]));
    return { values, varies: values.size > 1 };
  });
}

/**
 * The level that names channels, such as `temperature` and `vibration`: the last one that varies, unless its values are
 * one name with numbers (`pump1`, `pump2`), which are devices.
 * @returns its index; undefined when no level is one
 */
export function channelLevel(family: readonly string[]): number | undefined {
  const levels = levelsOf(family);
  const varying = levels.flatMap((level, k) => (level.varies ? [k] : []));
  const candidates = varying.filter((k) => !numbered([...levels[k].values]));
  const last = candidates.at(-1);
  // A single varying level above the last one (`hall/temperature`, `yard/temperature`) is a place, not a quantity.
  return varying.length === 1 && last !== levels.length - 1 ? undefined : last;
}

/** What a lone value is called: the last level of its topics where they agree on it. */
export function valueName(family: readonly string[]): string {
  const last = levelsOf(family).at(-1);
  return last === undefined || last.varies ? 'value' : [...last.values].join('');
}

/** Whether the names differ in their digits only, or are nothing but identifiers (hexadecimal). */
function numbered(names: readonly string[]): boolean {
  const stems = new Set(names.map((name) => name.replaceAll(/\d+/g, '')));
  return stems.size === 1 || names.every((name) => /^[0-9a-f:-]*\d[0-9a-f:-]*$/i.test(name));
}

/**
 * @param channel index of the level that names the channel, if one does
 * @returns such as `factory/{device}/{channel}`
 */
export function templateOf(family: readonly string[], channel: number | undefined): string {
  const levels = levelsOf(family);
  const variables = levels.flatMap((level, k) => (level.varies && k !== channel ? [k] : []));
  return levels
    .map((level, k) => {
      if (k === channel) return '{channel}';
      const rank = variables.length - 1 - variables.indexOf(k);
      if (level.varies) return `{${LEVEL_NAMES[rank] ?? `level${k + 1}`}}`;
      const literal = [...level.values].join('');
      // A topic may hold braces, a template takes them for variables.
      return /[{}]/.test(literal) ? '+' : literal;
    })
    .join('/');
}
