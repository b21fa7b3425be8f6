/**
 * Draws one chart with uPlot. Colours are those of the style sheet at the time of drawing.
 *
 * @import { Chart, Tone, Trace } from '../../src/report/chart.js'
 */
import uPlot from 'uplot';
import { unpack } from './unpack.js';

const SHADE_ALPHA = 0.13;
const MARK_ALPHA = 0.5;
/** Of the bar at the edge of a shaded stretch, px. */
const BAR_PX = 5;
const FLAG_PX = 7;

/** @param {Tone | 'ink' | 'grid'} tone */
function colour(tone) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${tone}`).trim();
}

/**
 * @param {number | null | undefined} value
 * @returns {string} short enough for a legend
 */
function text(value) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? value.toExponential(3) : String(Number(value.toPrecision(6)));
}

/** @param {uPlot} _ @param {number | null} value */
const valueText = (_, value) => text(value);

const bars = uPlot.paths.bars === undefined ? {} : { paths: uPlot.paths.bars({ size: [0.92, 200] }) };

/** @param {Trace} trace @returns {uPlot.Series} */
function series({ label, tone, style }) {
  const stroke = colour(tone);
  const base = { label, value: valueText };
  if (style === 'edge') return { ...base, auto: false, points: { show: false } };
  if (style === 'bars') return { ...base, stroke, fill: stroke, width: 0, points: { show: false }, ...bars };
  if (style === 'points') return { ...base, stroke, points: { show: true, size: 7, fill: stroke }, paths: () => null };
  if (style === 'dashed') return { ...base, stroke, width: 1.25, dash: [4, 3], points: { show: false } };
  return { ...base, stroke, width: 1.25 };
}

const DAY_MS = 86_400_000;
/**
 * Of ticks at least so far apart: how each is written, and what is added in a second line where the year, the day or the
 * minute changes (uPlot's `axis.values`).
 */
const TIME_TICKS = [
  [365 * DAY_MS, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * DAY_MS, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
  [DAY_MS, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60_000, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1000, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1, ':{ss}.{fff}', '\n{YYYY}-{MM}-{DD} {HH}:{mm}', null, '\n{MM}-{DD} {HH}:{mm}', null, '\n{HH}:{mm}', null, 1],
];

/** Between ticks of what is counted. */
const WHOLE_STEPS = [1, 1e1, 1e2, 1e3, 1e4, 1e5].flatMap((ten) => [ten, 2 * ten, 5 * ten]);

/** @param {Chart} chart @returns {uPlot.Axis[]} */
function axes({ axis, xLabel }) {
  const look = {
    stroke: colour('ink'),
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid'), width: 1 },
  };
  return [
    {
      ...look,
      ...(axis === 'time' ? { values: TIME_TICKS, space: 64 } : {}),
      ...(axis === 'count' ? { incrs: WHOLE_STEPS } : {}),
      ...(xLabel === undefined ? {} : { label: xLabel, labelSize: 20 }),
    },
    { ...look, size: 64, values: (_, ticks) => ticks.map(text) },
  ];
}

/** What lies behind the traces: shaded stretches. @param {Chart} chart @param {uPlot} plot */
function drawShades({ shades = [] }, plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { from, to, tone } of shades) {
    const left = Math.max(plot.valToPos(from, 'x', true), bbox.left);
    const right = Math.min(plot.valToPos(to, 'x', true), bbox.left + bbox.width);
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    const width = Math.max(right - left, uPlot.pxRatio);
    const bar = BAR_PX * uPlot.pxRatio;
    ctx.fillStyle = colour(tone);
    ctx.globalAlpha = SHADE_ALPHA;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    // A fault and an incident that lie on each other can be told apart without their colours.
    ctx.fillRect(left, tone === 'fault' ? bbox.top : bbox.top + bbox.height - bar, width, bar);
  }
  ctx.restore();
}

/** What lies on the traces: levels and marks. @param {Chart} chart @param {uPlot} plot */
function drawLines({ levels = [], marks = [] }, plot) {
  const { ctx, bbox } = plot;
  const flag = FLAG_PX * uPlot.pxRatio;
  ctx.save();
  ctx.lineWidth = uPlot.pxRatio;
  for (const { at, tone } of levels) {
    const y = plot.valToPos(at, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour(tone);
    ctx.setLineDash([6 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
  }
  ctx.setLineDash([]);
  for (const { at, tone } of marks) {
    const x = plot.valToPos(at, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(tone);
    ctx.globalAlpha = MARK_ALPHA;
    line(ctx, x, bbox.top, x, bbox.top + bbox.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x - flag, bbox.top);
    ctx.lineTo(x + flag, bbox.top);
    ctx.lineTo(x, bbox.top + 1.5 * flag);
    ctx.fill();
  }
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

/**
 * @param {Chart} chart
 * @param {HTMLElement} place in which it is drawn, as wide as that is
 * @param {string} group of charts with a common cursor
 * @param {(plot: uPlot) => void} onZoom called when another part of x is shown
 * @returns {uPlot}
 */
export function draw(chart, place, group, onZoom) {
  const data = [unpack(chart.x), ...chart.traces.map(({ values }) => unpack(values))];
  const { band, yRange } = chart;
  return new uPlot(
    {
      width: place.clientWidth,
      height: chart.height,
      ms: 1,
      tzDate: (ms) => uPlot.tzDate(new Date(ms), 'Etc/UTC'),
      scales: {
        x: { time: chart.axis === 'time' },
        y: {
          ...(chart.log ? { distr: 3 } : {}),
          ...(yRange === undefined ? {} : { range: [yRange[0], yRange[1]] }),
        },
      },
      series: [
        chart.axis === 'time'
          ? { label: 'UTC', value: '{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}' }
          : { label: chart.xLabel ?? '', value: valueText },
        ...chart.traces.map(series),
      ],
      axes: axes(chart),
      ...(band === undefined ? {} : { bands: [{ series: [band[0] + 1, band[1] + 1], fill: colour('band') }] }),
      cursor: {
        sync: {
          key: group,
          scales: ['x', null],
          filters: { pub: (type) => type !== 'mousedown' && type !== 'mouseup' },
        },
        drag: { x: true, y: false },
      },
      legend: { live: true },
      hooks: {
        drawClear: [(plot) => drawShades(chart, plot)],
        draw: [(plot) => drawLines(chart, plot)],
        setScale: [(plot, scale) => scale === 'x' && onZoom(plot)],
      },
    },
    /** @type {uPlot.AlignedData} */ (data),
    place,
  );
}
