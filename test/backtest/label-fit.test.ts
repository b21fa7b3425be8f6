import { describe, expect, it } from 'vitest';
import { type DataFile, fitLabels } from '../../src/backtest/label-fit.js';
import type { Labels } from '../../src/backtest/labels.js';
import type { Span } from '../../src/backtest/spans.js';
import type { ZoneStyle } from '../../src/backtest/zones.js';
import { MICROS, parseTime } from '../../src/core/time.js';

const us = (text: string): number => parseTime(text, 'iso') ?? NaN;
const span = (from: string, to: string = from): Span => ({ fromUs: us(from), toUs: us(to) });

/** 240 hourly rows from 2026-05-01. */
function data(path: string, style: ZoneStyle = 'absent', first = '2026-05-01'): DataFile {
  const timesUs = Float64Array.from({ length: 240 }, (_, row) => us(first) + row * MICROS.hour);
  return { path, timesUs, zones: new Set([style]) };
}

function labels(named: Readonly<Record<string, readonly Span[]>>, more: Partial<Labels> = {}): Labels {
  return {
    path: 'labels.json',
    named: new Map(Object.entries(named)),
    everywhere: [],
    unnamed: 'unlabelled',
    zones: new Set(['absent']),
    ...more,
  };
}

const FAULT = span('2026-05-02 10:00', '2026-05-02 12:00');
const LATER = span('2026-05-04 10:00', '2026-05-04 12:00');

describe('fitLabels', () => {
  it('finds files by the end of their path, with or without extension, in any order of labels', () => {
    const files = [data('/data/valve1/1.csv'), data('/data/valve2/1.csv'), data('/data/fan.csv')];
    const fitted = fitLabels(
      labels({ 'valve1/1.csv': [LATER, FAULT], 'valve2\\1': [], 'not/here.csv': [FAULT] }),
      files,
    );
    expect(fitted).toEqual([[FAULT, LATER], [], undefined]);
  });

  it('takes unnamed files as normal where a label file cannot say so', () => {
    expect(fitLabels(labels({ a: [FAULT] }, { unnamed: 'normal' }), [data('a.csv'), data('b.csv')])).toEqual([
      [FAULT],
      [],
    ]);
  });

  it('gives labels for every file to those with rows in them', () => {
    const files = [data('a.csv'), data('b.csv', 'absent', '2026-06-01')];
    expect(fitLabels(labels({}, { everywhere: [FAULT], unnamed: 'normal' }), files)).toEqual([[FAULT], []]);
  });

  it('makes a window of a point: a tenth of the rows, the point in the middle', () => {
    const fitted = fitLabels(labels({ 'a.csv': [span('2026-05-03 12:00')] }), [data('a.csv')]);
    expect(fitted).toEqual([[span('2026-05-03 00:00', '2026-05-04 00:00')]]);
  });

  it('takes rows without a time, or out of order, as they come', () => {
    const { path, timesUs, zones } = data('a.csv');
    const mixed = {
      path,
      zones,
      timesUs: Float64Array.from(timesUs.toReversed(), (us, row) => (row % 9 === 5 ? NaN : us)),
    };
    expect(fitLabels(labels({ a: [FAULT] }), [mixed])).toEqual([[FAULT]]);
    expect(fitLabels(labels({ a: [span('2026-05-03 12:00')] }), [mixed])).toHaveLength(1);
    const none = { path, zones, timesUs: new Float64Array(3).fill(NaN) };
    expect(() => fitLabels(labels({ a: [FAULT] }), [none])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('a.csv has no rows with a time') as string }),
    );
  });

  it.each<[string, Labels, readonly DataFile[], string]>([
    ['labels for other files', labels({ 'x.csv': [FAULT] }), [data('a.csv')], 'labels none of the data files'],
    [
      'a name that is not a whole part of a path',
      labels({ '1.csv': [FAULT] }),
      [data('valve/11.csv')],
      'labels none of the data files',
    ],
    ['an ambiguous name', labels({ '1.csv': [FAULT] }), [data('v1/1.csv'), data('v2/1.csv')], 'v1/1.csv or v2/1.csv'],
    [
      'two names for one file',
      labels({ '1.csv': [FAULT], 'v1/1.csv': [LATER] }),
      [data('v1/1.csv')],
      "both '1.csv' and 'v1/1.csv' are v1/1.csv",
    ],
    [
      'a label before the data',
      labels({ a: [span('2026-04-01')] }),
      [data('a.csv')],
      'no row lies in the label 2026-04-01',
    ],
    [
      'a label between two rows',
      labels({ a: [span('2026-05-02 10:20', '2026-05-02 10:40')] }),
      [data('a.csv')],
      'no row lies in the label',
    ],
    [
      'a label for every file that lies in none',
      labels({}, { everywhere: [span('2026-07-01')] }),
      [data('a.csv'), data('b.csv', 'absent', '2026-06-01')],
      'no row lies in the label 2026-07-01',
    ],
    [
      'overlapping labels',
      labels({ a: [FAULT, span('2026-05-02 12:00', '2026-05-02 13:00')] }),
      [data('a.csv')],
      'two labels of a.csv overlap',
    ],
    [
      'labels without a zone for data with one',
      labels({ a: [FAULT] }),
      [data('a.csv', 'offset')],
      'labels.json have none',
    ],
    [
      'labels with a zone for data without one',
      labels({ a: [FAULT] }, { zones: new Set(['offset']) }),
      [data('a.csv')],
      'a.csv have none',
    ],
  ])('refuses %s', (_, given, files, message) => {
    expect(() => fitLabels(given, files)).toThrow(
      expect.objectContaining({ code: 'LABELS', message: expect.stringContaining(message) as string }),
    );
  });

  it('says where the data are when a label lies outside', () => {
    expect(() => fitLabels(labels({ a: [span('2026-04-01')] }), [data('a.csv')])).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining('a.csv goes from 2026-05-01T00:00:00.000Z to 2026-05-10T23:00:00.000Z') as string,
      }),
    );
  });
});
