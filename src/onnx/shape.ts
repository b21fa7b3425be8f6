/** Arithmetic on shapes whose sizes may be names. */
import { BugError } from '../core/errors.js';
import type { Dimension, Shape } from './ir.js';

/** Joins the names in a product of symbolic sizes: `T*B` rows. */
const TIMES = '*';

/** For messages. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** ONNX (NumPy) broadcasting. @throws BugError when the shapes do not fit */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new BugError(`${shapeText(a)} and ${shapeText(b)} do not broadcast`);
    return left === 1 ? right : left;
  });
}

/** Number of elements: an integer, or a product such as `T*B*4` in which the names are in order of appearance. */
export function elements(shape: Shape): Dimension {
  const names = shape.filter((size) => typeof size === 'string');
  const count = shape.reduce<number>((product, size) => (typeof size === 'number' ? product * size : product), 1);
  return names.length === 0 ? count : [...names, ...(count === 1 ? [] : [count])].join(TIMES);
}
