import { expect, it } from 'vitest';
import { describeGradients } from '../../src/cli/gradient-table.js';

const falling = Array.from({ length: 10 }, (_, k) => 0.5 ** k);
const rising = Array.from({ length: 10 }, (_, k) => 0.2 * 3 ** k);
const steady = Array.from({ length: 10 }, (_, k) => 1 - 0.05 * k);

it('shows the norms at doubling distances, and says of each layer what becomes of the gradient', () => {
  const text = describeGradients({ initial: [falling, rising], learnt: [steady, Array<number>(10).fill(0)] });
  expect(text.split('\n').slice(2)).toEqual([
    'steps back  layer 1 before  layer 2 before  layer 1 after  layer 2 after',
    '0           1.0e+0          2.0e-1          1.0e+0         0.0e+0',
    '1           5.0e-1          6.0e-1          9.5e-1         0.0e+0',
    '2           2.5e-1          1.8e+0          9.0e-1         0.0e+0',
    '4           6.3e-2          1.6e+1          8.0e-1         0.0e+0',
    '8           3.9e-3          1.3e+3          6.0e-1         0.0e+0',
    '9           2.0e-3          3.9e+3          5.5e-1         0.0e+0',
    'before training, layer 1: vanishes: less than a hundredth of it is left 7 steps back',
    'before training, layer 2: explodes: 2.0e+4 times as large 9 steps back',
    'after training, layer 1: carries: 0.55 of it is left 9 steps back',
    'after training, layer 2: no gradient at all',
  ]);
});

/** The last two lines. */
function advice(learnt: number[][]): string[] {
  return describeGradients({ initial: [steady, steady], learnt })
    .split('\n')
    .slice(-2);
}

it('says what follows when it still vanishes or explodes after training, once for all layers', () => {
  expect(advice([falling, falling])).toEqual([
    expect.stringMatching(/^after training, layer 2/),
    expect.stringMatching(/^vanishing: .*train\.cell/),
  ]);
  expect(advice([falling, rising])).toEqual([
    expect.stringMatching(/^vanishing: .*train\.cell/),
    expect.stringMatching(/^exploding: .*train\.clipNorm/),
  ]);
});

it('shows windows of one step, and norms that no number can hold', () => {
  const short = describeGradients({ initial: [[1]], learnt: [[2]] });
  expect(short.split('\n').slice(3)).toEqual([
    '0           1.0e+0          2.0e+0',
    'before training, layer 1: windows of one step carry nothing back',
    'after training, layer 1: windows of one step carry nothing back',
  ]);
  const wild = describeGradients({ initial: [[1, 0.5]], learnt: [[1, Infinity]] });
  expect(wild).toContain('1           5.0e-1          Infinity');
  expect(wild).toContain('after training, layer 1: explodes beyond all bounds within 1 step');
});
