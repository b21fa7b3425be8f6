/** The `metadata_props` of a published model: texts that say how to run it. */
import { basename } from 'node:path';
import { UserError } from '../../core/errors.js';

const INTEGER = /^\d{1,9}$/;

export class Metadata {
  readonly #path: string;
  readonly #values: ReadonlyMap<string, string>;

  /** @param path of the ONNX file, for messages */
  constructor(path: string, values: ReadonlyMap<string, string>) {
    this.#path = path;
    this.#values = values;
  }

  text(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** @throws UserError `MODEL_INVALID` when it is absent */
  required(key: string): string {
    const value = this.text(key);
    if (value !== undefined) return value;
    throw new UserError('MODEL_INVALID', `${this.#path} has no metadata '${key}'; it has ${this.#keys}`, {
      hint: `export ${basename(this.#path)} again with icefall's export-onnx script, which writes it`,
    });
  }

  /** A count ≥ 1. @throws UserError `MODEL_INVALID` when it is absent or no count */
  count(key: string): number {
    return this.#parse(key, this.required(key));
  }

  /** Counts ≥ 1, separated by commas. @throws UserError `MODEL_INVALID` */
  counts(key: string): readonly number[] {
    return this.required(key)
      .split(',')
      .map((part) => this.#parse(key, part));
  }

  get #keys(): string {
    return this.#values.size === 0 ? 'none at all' : [...this.#values.keys()].toSorted().join(', ');
  }

  #parse(key: string, value: string): number {
    const number = INTEGER.test(value.trim()) ? Number(value) : 0;
    if (number > 0) return number;
    throw new UserError('MODEL_INVALID', `${this.#path}: metadata '${key}' is '${value}', not a count`, {
      hint: 'the file is damaged or was exported by other means; download it again',
    });
  }
}
