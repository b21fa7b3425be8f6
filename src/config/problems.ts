/** Mistakes in a configuration: what they are made of, and how a schema's findings become them. */
import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { UserError } from '../core/errors.js';

/** Where in the configuration: keys and list indices from the root. */
export type Path = readonly (string | number)[];

export interface Finding {
  readonly path: Path;
  /** Points at the key itself (an unknown one) instead of its value. */
  readonly atKey?: boolean;
  readonly reason: string;
  readonly hint?: string;
}

/** A finding with its place in the file. */
export interface Problem {
  /** Such as `sinks[1].url`; empty for the file as a whole. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  readonly hint?: string;
}

/** All mistakes of one file. */
export class ConfigError extends UserError {
  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    const lines = problems.map((problem) => `\n  ${describe(problem, file)}`);
    const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
    super('CONFIG_INVALID', `${file} has ${count}:${lines.join('')}`);
  }
}

/** One line: place, path, reason, hint. */
export function describe(problem: Problem, file: string): string {
  const subject = problem.path === '' ? '' : `${problem.path} `;
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`;
  return `${file}:${problem.line}:${problem.column}: ${subject}${problem.reason}${hint}`;
}

/** `['sinks', 1, 'url']` → `sinks[1].url` */
export function pathText(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** The known name that a mistyped one most likely means, when one is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const exact = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  const candidate = exact ?? closest(name, [...known]);
  return distance(name.toLowerCase(), candidate.toLowerCase()) <= Math.max(2, name.length / 3) ? candidate : undefined;
}

/** `did you mean …` or the list of what there is. */
export function suggest(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? 'nothing may stand here' : `known here: ${[...known].toSorted().join(', ')}`;
}

/**
 * @param prefix where the checked value stands in the file
 * @param known names that a mapping at a path below `prefix` may have
 * @param about one sentence about the key at a path, from its schema
 */
export function findingsOf(
  issues: readonly z.core.$ZodIssue[],
  prefix: Path,
  known: (path: Path) => readonly string[],
  about: (path: Path) => string | undefined,
): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const inner = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    const path = [...prefix, ...inner];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        reason: 'is not known',
        hint: suggest(key, known(inner)),
      }));
    }
    if (issue.code === 'invalid_union') {
      const branch = likeliestBranch(issue.errors);
      if (branch !== undefined) {
        return findingsOf(
          branch,
          path,
          (rest) => known([...inner, ...rest]),
          (rest) => about([...inner, ...rest]),
        );
      }
    }
    const hint = about(inner);
    return [{ path, reason: reasonOf(issue), ...(hint === undefined ? {} : { hint }) }];
  });
}

/** The alternative that the value comes nearest to: one that complains about something inside it, not about all of it. */
function likeliestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const inside = branches.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 || !['invalid_type', 'invalid_value'].includes(issue.code)),
  );
  return inside.toSorted((a, b) => a.length - b.length)[0];
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    // zod reports what is absent as undefined; the value itself is never repeated, it may be a secret.
    return issue.message.endsWith('received undefined') ? 'is missing' : `must be ${withArticle(issue.expected)}`;
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String).join(', ');
    return issue.values.length === 1 ? `must be ${values}` : `must be one of ${values}`;
  }
  if (issue.code === 'too_small') {
    return `${measure(issue.origin)} ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  }
  if (issue.code === 'too_big') {
    return `${measure(issue.origin)} ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
  }
  if (issue.code === 'invalid_union') {
    const forms = issue.errors.flatMap((issues) => issues.slice(0, 1).map((first) => reasonOf(first)));
    return [...new Set(forms)].map((form, i) => (i === 0 ? form : form.replace(/^must be /, ''))).join(' or ');
  }
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

/** How a bound reads: `must be at least 3`, `must have a length of at least 3`. */
function measure(origin: string): string {
  if (origin === 'string') return 'must have a length of';
  return origin === 'array' || origin === 'set' ? 'must have a number of entries of' : 'must be';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  boolean: 'true or false',
  string: 'text',
  number: 'a number',
};

function withArticle(expected: string): string {
  return TYPE_NAMES[expected] ?? `a ${expected}`;
}
