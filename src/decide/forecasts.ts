/** What was foretold of a row, for whoever wants to see it beside what came. */
import type { Batch, Scaler, Slot } from '../core/contracts.js';
import type { ChannelForecast } from '../core/events.js';
import { forecast } from './channel-memory.js';
import { CHANNEL_FIELDS } from './memory.js';
import type { ChannelViews } from './views.js';

/** Quantile of the standard normal distribution at 97.5 %. */
const Z_975 = 1.959963984540054;

/**
 * The forecasts of the row that was judged last, of the channels that it has and of which there was a forecast.
 * @param names of the channels
 * @param state slab of the stream, whose channels begin at `first`; the next forecast is not remembered yet
 */
export function forecastsOf(
  names: readonly string[],
  state: Float32Array,
  first: number,
  slot: Slot,
  row: number,
  input: Batch,
  views: ChannelViews,
  scaler: Scaler,
): ChannelForecast[] {
  const forecasts: ChannelForecast[] = [];
  for (let c = 0; c < names.length; c++) {
    const at = first + c * CHANNEL_FIELDS;
    const i = row * input.width + c;
    const mean = forecast(state, at);
    if (input.mask[i] !== 1 || Number.isNaN(mean)) continue;
    const reach = Z_975 * Math.sqrt(views.variance(state, at));
    forecasts.push({
      name: names[c],
      observed: scaler.toUnits(slot, c, input.data[i]),
      expected: scaler.toUnits(slot, c, mean),
      low: scaler.toUnits(slot, c, mean - reach),
      high: scaler.toUnits(slot, c, mean + reach),
    });
  }
  return forecasts;
}
