/** Every head that a net may have: what it foretells and by what it learns that. */
import { LIKELIHOODS, OBJECTIVES } from '../../src/core/card.js';
import type { NetSpec } from '../../src/train/net-spec.js';

export type Head = Pick<NetSpec, 'objective' | 'likelihood'>;

export const HEADS: readonly Head[] = [
  ...OBJECTIVES.map((objective) => ({ objective })),
  ...LIKELIHOODS.map((likelihood) => ({ objective: 'gaussian' as const, likelihood })),
];

export const nameOf = ({ objective, likelihood }: Head): string => likelihood ?? objective;
