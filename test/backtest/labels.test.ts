import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabels } from '../../src/backtest/labels.js';
import { needsSharedData } from '../support/needs.js';

const us = (iso: string): number => Date.parse(iso) * 1000;

describe('readLabels', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kioku-labels-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('reads stretches and points of JSON, by file', async () => {
    const path = file(
      'own.json',
      '{"a.csv": [["2026-05-01 10:00", "2026-05-01 12:30"], "2026-05-03T08:15:00", [1777000000]], "b.csv": []}',
    );
    const labels = await readLabels(path);
    expect([...labels.named.keys()]).toEqual(['a.csv', 'b.csv']);
    expect(labels.named.get('a.csv')).toEqual([
      { fromUs: us('2026-05-01T10:00:00Z'), toUs: us('2026-05-01T12:30:00Z') },
      { fromUs: us('2026-05-03T08:15:00Z'), toUs: us('2026-05-03T08:15:00Z') },
      { fromUs: 1_777_000_000e6, toUs: 1_777_000_000e6 },
    ]);
    expect(labels).toMatchObject({ path, everywhere: [], unnamed: 'unlabelled' });
  });

  it('reads CSV for all files, or by stream', async () => {
    const one = await readLabels(file('one.csv', 'start,end\n2026-05-01 10:00,2026-05-01 12:30\n2026-05-03 08:15,\n'));
    expect(one.named.size).toBe(0);
    expect(one.everywhere).toEqual([
      { fromUs: us('2026-05-01T10:00:00Z'), toUs: us('2026-05-01T12:30:00Z') },
      { fromUs: us('2026-05-03T08:15:00Z'), toUs: us('2026-05-03T08:15:00Z') },
    ]);
    const many = await readLabels(
      file(
        'many.csv',
        'Stream;Start;End\npump;2026-05-01T10:00Z;2026-05-01T11:00Z\n;2026-05-02T10:00Z;2026-05-02T11:00Z\n',
      ),
    );
    expect([...many.named.keys()]).toEqual(['pump']);
    expect(many.everywhere).toHaveLength(1);
    expect(many).toMatchObject({ unnamed: 'normal' });
    expect([...many.zones]).toEqual(['utc']);
  });

  it('reads the windows and the points of the Numenta Anomaly Benchmark', async (ctx) => {
    const windows = await readLabels(needsSharedData(ctx, 'sensors/nab/labels/combined_windows.json'));
    expect(windows.named.size).toBe(31);
    expect([...windows.named.values()].flat()).toHaveLength(57);
    const points = await readLabels(needsSharedData(ctx, 'sensors/nab/labels/combined_labels.json'));
    expect([...points.named.values()].flat().every(({ fromUs, toUs }) => fromUs === toUs)).toBe(true);
  });

  it.each([
    ['not.json', '{"a.csv": [', 'is not JSON'],
    ['list.json', '[["2026-05-01", "2026-05-02"]]', 'is not an object'],
    ['string.json', '{"a.csv": "2026-05-01"}', `what is said of 'a.csv' is not a list`],
    [
      'three.json',
      '{"a.csv": [["2026-05-01", "2026-05-02", "2026-05-03"]]}',
      `label 1 of 'a.csv' is not one or two times`,
    ],
    ['none.json', '{"a.csv": [[]]}', `label 1 of 'a.csv' is not one or two times`],
    ['word.json', '{"a.csv": ["2026-05-01", "noon"]}', `label 2 of 'a.csv' is not one or two times: ["noon"]`],
    ['back.json', '{"a.csv": [["2026-05-02", "2026-05-01"]]}', 'ends before it begins'],
    ['mixed.json', '{"a.csv": [["2026-05-01T10:00", "2026-05-01T12:00+02:00"]]}', 'name their zone and others do not'],
    ['empty.json', '{}', 'holds no labels'],
    ['columns.csv', 'from,to\n2026-05-01,2026-05-02\n', `has no columns 'start' and 'end', but from, to`],
    ['line.csv', 'start,end\n2026-05-01,2026-05-02\nsoon,later\n', 'line 3 is not one or two times: ["soon","later"]'],
    ['only-header.csv', 'start,end\n', 'holds no labels'],
  ])('refuses %s', async (name, text, message) => {
    await expect(readLabels(file(name, text))).rejects.toMatchObject({
      code: 'LABELS',
      message: expect.stringContaining(message) as string,
    });
  });

  it('says when there is no such file', async () => {
    await expect(readLabels(join(folder, 'absent.json'))).rejects.toMatchObject({ code: 'DATA_MISSING' });
    await expect(readLabels(join(folder, 'absent.csv'))).rejects.toMatchObject({ code: 'DATA_MISSING' });
  });
});
