/**
 * Brings the charts of a page to life: each is drawn when it comes into view, and again when colours change. Charts of one
 * figure show the same part of x; keys do what dragging does.
 *
 * @import { Chart } from '../../src/report/chart.js'
 * @import uPlot from 'uplot'
 */
import { draw } from './chart.js';

const charts = /** @type {Chart[]} */ (JSON.parse(document.getElementById('charts')?.textContent ?? '[]'));
const places = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-chart]'));
/** @type {Map<HTMLElement, uPlot>} */
const drawn = new Map();
/** Of the legend below a chart, in one line. */
const LEGEND_PX = 32;
const dark = matchMedia('(prefers-color-scheme: dark)');

const inView = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) show(/** @type {HTMLElement} */ (target));
  },
  { rootMargin: '300px' },
);

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = drawn.get(/** @type {HTMLElement} */ (target));
    if (plot !== undefined && target.clientWidth > 0) plot.setSize({ width: target.clientWidth, height: plot.height });
  }
});

/** @param {HTMLElement} place @returns {Chart} */
function chartOf(place) {
  return charts[Number(place.dataset['chart'])];
}

/** @param {HTMLElement} place */
function show(place) {
  if (drawn.has(place)) return;
  const figure = figureOf(place);
  drawn.set(
    place,
    draw(chartOf(place), place, figure.id, (plot) => follow(figure, plot)),
  );
  const other = plotsIn(figure).find((plot) => plot !== drawn.get(place));
  if (other !== undefined) zoom(drawn.get(place), other.scales['x'].min, other.scales['x'].max);
}

/** @param {HTMLElement} place @returns {HTMLElement} */
function figureOf(place) {
  return place.closest('figure') ?? place;
}

/** @param {HTMLElement} figure @returns {uPlot[]} that are drawn */
function plotsIn(figure) {
  const places = [.../** @type {NodeListOf<HTMLElement>} */ (figure.querySelectorAll('[data-chart]'))];
  return places.flatMap((place) => drawn.get(place) ?? []);
}

/** The other charts of a figure show what one of them shows. @param {HTMLElement} figure @param {uPlot} plot */
function follow(figure, plot) {
  const { min, max } = plot.scales['x'];
  for (const other of plotsIn(figure)) if (other !== plot) zoom(other, min, max);
}

/** @param {uPlot | undefined} plot @param {number | undefined} min @param {number | undefined} max */
function zoom(plot, min, max) {
  if (plot === undefined || min === undefined || max === undefined) return;
  const shown = plot.scales['x'];
  if (shown.min !== min || shown.max !== max) plot.setScale('x', { min, max });
}

/** @type {Readonly<Record<string, readonly [shift: number, factor: number]>>} in widths of what is shown */
const MOVES = { ArrowLeft: [-0.25, 1], ArrowRight: [0.25, 1], '+': [0, 0.5], '-': [0, 2], 0: [0, Infinity] };

/** @param {KeyboardEvent} event */
function onKey(event) {
  const move = MOVES[event.key];
  const [plot] = plotsIn(/** @type {HTMLElement} */ (event.currentTarget));
  if (move === undefined || plot === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLSelectElement) return;
  event.preventDefault();
  const x = plot.data[0];
  const [first, last] = [x[0], x[x.length - 1]];
  const { min = first, max = last } = plot.scales['x'];
  const width = Math.min((max - min) * move[1], last - first);
  const middle = (min + max) / 2 + move[0] * (max - min);
  const from = Math.min(Math.max(middle - width / 2, first), last - width);
  zoom(plot, from, from + width);
}

/** Only the charts of the chosen channel are seen. @param {HTMLSelectElement} select */
function choose(select) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (figureOf(select).querySelectorAll('[data-choice]')))
    place.hidden = place.dataset['choice'] !== select.value;
}

/** Colours have changed. */
function redraw() {
  // Of a copy: what is drawn anew would come again.
  for (const [place, plot] of Array.from(drawn)) {
    const { min, max } = plot.scales['x'];
    plot.destroy();
    drawn.delete(place);
    show(place);
    zoom(drawn.get(place), min, max);
  }
}

for (const figure of document.querySelectorAll('figure')) figure.addEventListener('keydown', onKey);
for (const select of document.querySelectorAll('select')) {
  choose(select);
  select.addEventListener('change', () => choose(select));
}
for (const place of places) {
  // So that nothing moves when it is drawn.
  place.style.minHeight = `${chartOf(place).height + LEGEND_PX}px`;
  inView.observe(place);
  resized.observe(place);
}
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-open]'))) {
  button.addEventListener('click', () => {
    for (const details of document.querySelectorAll('details')) details.open = button.dataset['open'] === 'all';
  });
}
dark.addEventListener('change', redraw);
// Paper is white, and nobody scrolls on it.
addEventListener('beforeprint', () => {
  document.documentElement.dataset['paper'] = '';
  redraw();
  for (const place of places) if (place.checkVisibility()) show(place);
});
addEventListener('afterprint', () => {
  delete document.documentElement.dataset['paper'];
  redraw();
});
