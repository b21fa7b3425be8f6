/** Whether times say their zone. A time without one is read as UTC, which is wrong by hours where somebody's clock is meant. */
import { parseTime } from '../core/time.js';
import type { Micros } from '../core/contracts.js';

/** `absent`: none; `utc`: Z or +00:00; `offset`: another one. */
export type ZoneStyle = 'absent' | 'utc' | 'offset';

const DATE = /^\s*(?:\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4})/;
const ZONE = /[Tt ]\d{1,2}:\d\d.*?(?:([Zz])|[+-](\d\d)(?::?(\d\d))?)$/;

/** @returns undefined for numbers, which count from 1970 in UTC whatever the zone, and for what is no date */
export function zoneStyleOf(time: unknown): ZoneStyle | undefined {
  if (typeof time !== 'string' || !DATE.test(time)) return undefined;
  const zone = ZONE.exec(time.trim());
  if (zone === null) return 'absent';
  const [, z, hours, minutes = '00'] = zone;
  return z !== undefined || (hours === '00' && minutes === '00') ? 'utc' : 'offset';
}

/** Reads the times of one file and keeps in mind which styles of zone it met. */
export class ZonedTimes {
  readonly styles = new Set<ZoneStyle>();

  /** @returns µs, or undefined when it is no time */
  parse(time: unknown): Micros | undefined {
    const us = parseTime(time, 'auto');
    const style = us === undefined ? undefined : zoneStyleOf(time);
    if (style !== undefined) this.styles.add(style);
    return us;
  }

  /** Some times say their zone and others do not. */
  get isMixed(): boolean {
    return this.styles.has('absent') && this.styles.size > 1;
  }
}

/** Whether one of two files says hours that the other leaves open, so that their times cannot be compared. */
export function areIncomparable(a: ReadonlySet<ZoneStyle>, b: ReadonlySet<ZoneStyle>): boolean {
  return (a.has('absent') && b.has('offset')) || (a.has('offset') && b.has('absent'));
}
