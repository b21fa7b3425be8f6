import { expect, it } from 'vitest';
import { alignSchema } from '../../src/core/alignment.js';

it('an empty section is whole seconds without waiting', () => {
  expect(alignSchema.parse({})).toEqual({ stepMs: 1000, lateMs: 0, dedupe: true });
  expect(alignSchema.parse({ channels: [{ name: 'a' }] }).channels).toEqual([
    { name: 'a', aggregate: 'mean', noiseFloor: 0 },
  ]);
});

it('names a channel that comes twice, and a wait that is longer than memory allows, each with its path', () => {
  const { error } = alignSchema.safeParse({ stepMs: 1, lateMs: 1001, channels: [{ name: 'a' }, { name: 'a' }] });
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['lateMs', 'channels.1.name']);
});
