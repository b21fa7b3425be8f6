/**
 * What a chart shows, as data: `assets/report/charts.js` draws it in the browser. Everything here is JSON, and part of a page
 * that has tens of charts, so that numbers are packed.
 */

/** Numbers as bytes (little-endian) in base64; NaN: none. */
export interface Packed {
  readonly type: 'float32' | 'float64';
  readonly base64: string;
}

/** What something is drawn as: a colour of the page's style sheet, `--TONE`. */
export type Tone = 'value' | 'expected' | 'band' | 'score' | 'incident' | 'fault' | 'learnt' | 'second' | 'muted';

export interface Trace {
  readonly label: string;
  readonly tone: Tone;
  /** As long as the x of its chart. */
  readonly values: Packed;
  /** `edge`: one of the two edges of the band, not drawn itself. */
  readonly style: 'line' | 'dashed' | 'points' | 'bars' | 'edge';
}

/** A stretch of x that is shaded over the whole height, with a bar at the top (faults) or at the bottom (others). */
export interface Shade {
  readonly from: number;
  readonly to: number;
  readonly tone: Tone;
}

/** A vertical line with a flag. */
export interface Mark {
  readonly at: number;
  readonly tone: Tone;
}

/** A horizontal line. */
export interface Level {
  readonly at: number;
  readonly tone: Tone;
}

export interface Chart {
  /** Of x: `time` is ms since 1970, shown as UTC; `count` has whole numbers only. */
  readonly axis: 'time' | 'number' | 'count';
  readonly x: Packed;
  readonly xLabel?: string;
  /** Absent: what the traces need, without the edges of a band, which may be anywhere. */
  readonly yRange?: readonly [least: number, most: number];
  /** Powers of ten; all values > 0. */
  readonly log?: true;
  /** In px. */
  readonly height: number;
  readonly traces: readonly Trace[];
  /** Indices of two traces of style `edge`: the upper and the lower one. */
  readonly band?: readonly [upper: number, lower: number];
  readonly shades?: readonly Shade[];
  readonly marks?: readonly Mark[];
  readonly levels?: readonly Level[];
}
