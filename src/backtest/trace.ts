/** What a lane said of a file, as a chart shows it: each channel beside what was expected of it, and the incidents. */
import type { Frame, Micros } from '../core/contracts.js';
import type { ChannelForecast, IncidentEvent, KiokuEvent } from '../core/events.js';
import { rowSteps } from './history.js';

/** One value a row each; NaN: none. */
export interface ChannelTrace {
  readonly name: string;
  readonly values: Float64Array;
  /** What was foretold of the time step that the row is in, and between which values it was to lie 19 times in 20. */
  readonly expected: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** From its first event to its last. */
export interface TracedIncident {
  readonly raisedUs: Micros;
  readonly endUs: Micros;
  /** As it was told last: its highest score, all its channels. */
  readonly last: IncidentEvent;
}

export interface Trace {
  readonly channels: readonly ChannelTrace[];
  /** In the order in which they were raised. */
  readonly incidents: readonly TracedIncident[];
}

/**
 * @param frames of all rows
 * @param rowOf row by packet number
 * @param names of the channels
 * @param events all that a lane said, in order, with forecasts
 */
export function traceOf(
  frames: readonly Frame[],
  rowOf: Int32Array,
  rows: number,
  names: readonly string[],
  stepUs: Micros,
  events: readonly KiokuEvent[],
): Trace {
  return {
    channels: names.map((name) => {
      const { stepUs: steps, values } = rowSteps(frames, rowOf, rows, name, stepUs);
      const forecasts = forecastsOf(name, events);
      const of = (field: 'expected' | 'low' | 'high'): Float64Array =>
        Float64Array.from(steps, (step) => forecasts.get(step)?.[field] ?? NaN);
      return { name, values, expected: of('expected'), low: of('low'), high: of('high') };
    }),
    incidents: incidentsOf(events),
  };
}

function forecastsOf(name: string, events: readonly KiokuEvent[]): Map<Micros, ChannelForecast> {
  const forecasts = new Map<Micros, ChannelForecast>();
  for (const event of events) {
    if (event.type !== 'score') continue;
    const forecast = event.channels?.find((channel) => channel.name === name);
    if (forecast !== undefined) forecasts.set(event.us, forecast);
  }
  return forecasts;
}

function incidentsOf(events: readonly KiokuEvent[]): TracedIncident[] {
  const incidents = new Map<string, TracedIncident>();
  for (const event of events) {
    if (event.type !== 'incident') continue;
    const raisedUs = incidents.get(event.id)?.raisedUs ?? event.us;
    incidents.set(event.id, { raisedUs, endUs: event.us, last: event });
  }
  return [...incidents.values()];
}
