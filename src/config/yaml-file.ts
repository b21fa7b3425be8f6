/** A YAML text with the place of everything in it. */
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { messageOf } from '../core/errors.js';
import { pathText, type Finding, type Path, type Problem } from './problems.js';

/** Aliases (`*name`) that one file may hold when unfolded: a few lines of them can otherwise make gigabytes. */
const MAX_ALIASES = 100;

export class YamlFile {
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  /** Thousands of brackets or dashes in each other: the parser calls itself for each. */
  readonly #tooDeep: boolean;

  constructor(text: string) {
    const parsed = this.#parse(text);
    this.#tooDeep = parsed === undefined;
    this.#document = parsed ?? parseDocument('');
  }

  #parse(text: string): Document.Parsed | undefined {
    try {
      return parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, version: '1.2' });
    } catch (error) {
      // The stack's overflow; whatever is wrong with the YAML is in the document instead.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** What is wrong with the YAML itself; duplicated keys are among it. */
  get syntaxProblems(): Problem[] {
    if (this.#tooDeep) {
      return [
        { path: '', line: 1, column: 1, reason: 'the YAML is nested too deeply', hint: 'it is no configuration' },
      ];
    }
    return this.#document.errors.map((error) => {
      const { line, col } = this.#lines.linePos(error.pos[0]);
      const duplicate = error.code === 'DUPLICATE_KEY';
      const reason = duplicate ? 'a key stands here a second time' : `the YAML is malformed: ${error.message}`;
      const hint = duplicate ? 'keep one of them' : 'check the indentation, colons and quotes around this place';
      return { path: '', line, column: col, reason, hint };
    });
  }

  /** Whether there is a value to look at in spite of the syntax problems. */
  get readable(): boolean {
    return !this.#tooDeep && this.#document.errors.every((error) => error.code === 'DUPLICATE_KEY');
  }

  /** The plain value. @returns a finding instead when it cannot be unfolded */
  toValue(): { readonly value: unknown } | { readonly finding: Finding } {
    try {
      return { value: this.#document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
    } catch (error) {
      return { finding: { path: [], reason: `cannot be read: ${messageOf(error)}` } };
    }
  }

  /** Adds line and column; what is absent from the file is placed at the nearest mapping that should hold it. */
  locate(finding: Finding): Problem {
    const { line, col } = this.#lines.linePos(this.#offset(finding));
    const hint = finding.hint === undefined ? {} : { hint: finding.hint };
    return { path: pathText(finding.path), line, column: col, reason: finding.reason, ...hint };
  }

  #offset(finding: Finding): number {
    for (let depth = finding.path.length; depth > 0; depth--) {
      const path = finding.path.slice(0, depth);
      const offset = finding.atKey === true && depth === finding.path.length ? this.#keyOffset(path) : undefined;
      const node: unknown = this.#document.getIn(path, true);
      if (offset !== undefined) return offset;
      if (isNode(node) && node.range) return node.range[0];
    }
    return this.#document.contents?.range[0] ?? 0;
  }

  #keyOffset(path: Path): number | undefined {
    const parent: unknown = path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return undefined;
    const name = String(path.at(-1));
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === name);
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
}
