/** Whom an incident names: the channel at fault first, even when its fault spoils the forecasts of the others more. */
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import type { IncidentEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { anomalyKind } from '../../src/decide/anomaly.js';
import { cardOf, rowOf, START_US, STEP_US } from './watch.js';
import { normals, uniforms } from './signals.js';

const CHANNELS = 3;

/**
 * Feeds three channels of noise; from step 1,000 on `fault` changes the first one, and the forecasts of the others are as
 * wrong as `spoilt` says.
 */
function incidentOf(fault: (value: number) => number, spoilt: number): IncidentEvent {
  const decider = anomalyKind.create(anomalyKind.schema.parse({ kind: 'anomaly' }), {
    name: 'test',
    baseDir: '/',
    counters: new Counters(),
    log: silentLog,
    card: cardOf(CHANNELS, 'mse'),
    capacity: 1,
    provider: 'test/cpu',
    scaler: { toUnits: (_slot, _channel, z) => z },
  });
  decider.open(0, 'pump');
  const events: IncidentEvent[] = [];
  const normal = normals(uniforms(3));
  const row = rowOf(CHANNELS);
  for (let t = 0; t < 1100; t++) {
    row.us[0] = START_US + t * STEP_US;
    for (let c = 0; c < CHANNELS; c++) row.data[c] = normal();
    if (t >= 1000) row.data[0] = fault(row.data[0]);
    const output = Float32Array.of(0, t >= 1000 ? spoilt : 0, t >= 1000 ? -spoilt : 0);
    decider.push(output, row, (event) => event.type === 'incident' && events.push(event));
  }
  expect(new Set(events.map(({ id }) => id)).size).toBe(1);
  return events[events.length - 1];
}

describe('the channels of an incident', () => {
  it('begin with the one whose own level is strange', () => {
    const { channels } = incidentOf((value) => value + 8, 40);
    expect(channels.map(({ name, view }) => `${name} ${view}`)[0]).toBe('c0 level');
    expect(channels[0]).toMatchObject({ expected: 0 });
    expect(channels[0].observed).toBeGreaterThan(5);
  });

  it('begin with the one that no longer moves', () => {
    const { channels } = incidentOf(() => 0.5, 6);
    expect(channels[0]).toMatchObject({ name: 'c0', view: 'still', observed: 0.5 });
  });

  it('leave out what is only a little off beside the worst', () => {
    const { channels } = incidentOf((value) => value + 40, 1.2);
    expect(channels.map(({ name }) => name)).toEqual(['c0']);
  });
});
