/** The plots of docs/performance.md, drawn with Apache ECharts into SVG. */
import { importPeer, peerFolder } from '../peers.js';
import type { BenchResult } from '../report.js';

const ECHARTS = 'echarts@6.1.0';
const SIZE = { width: 760, height: 420 };

/** What is used of ECharts. */
interface Echarts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(option: object): void; renderToSVGString(): string; dispose(): void };
}

type Point = readonly [x: number, y: number];

interface Plot {
  readonly name: string;
  readonly draw: (result: BenchResult) => object;
}

const PLOTS: readonly Plot[] = [
  {
    name: 'hidden',
    draw: (result) =>
      lines('Cost of a step by the width of an LSTM', 'units', 'µs of processor time per stream', [
        ['1 stream', series(result, 'growth.b1.hidden-')],
        ['256 streams together', series(result, 'growth.b256.hidden-')],
      ]),
  },
  {
    name: 'layers',
    draw: (result) =>
      lines('Cost of a step by layers of 64 units', 'layers', 'µs of processor time per stream', [
        ['1 stream', series(result, 'growth.b1.layers-')],
        ['256 streams together', series(result, 'growth.b256.layers-')],
      ]),
  },
  {
    name: 'streams',
    draw: (result) =>
      lines('Cost of a step by the number of streams (LSTM, 64 units)', 'streams', 'µs of processor time per stream', [
        ['all step together', series(result, 'growth.streams-')],
      ]),
  },
  {
    name: 'rate',
    draw: (result) =>
      lines(
        'Share of one core by the rate of messages (1,000 devices, LSTM 64)',
        'messages per second',
        '% of a core',
        [['kioku, connection to event', series(result, 'pipeline.core-share.rate-')]],
      ),
  },
  {
    name: 'engines',
    draw: (result) => bars('One step of one stream (LSTM, 64 units)', 'µs of processor time', peersOf(result)),
  },
];

/** @returns file name → SVG. @throws Error when ECharts cannot be installed */
export async function drawPlots(result: BenchResult): Promise<ReadonlyMap<string, string>> {
  const echarts = (await importPeer(await peerFolder([ECHARTS]), 'echarts')) as Echarts;
  const drawn = new Map<string, string>();
  for (const { name, draw } of PLOTS) {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
    chart.setOption({ animation: false, backgroundColor: '#fff', ...draw(result) });
    drawn.set(`${name}.svg`, `${chart.renderToSVGString()}\n`);
    chart.dispose();
  }
  return drawn;
}

/** Rows whose id is the prefix and a number. */
function series({ rows }: BenchResult, prefix: string): Point[] {
  return rows
    .filter(({ id }) => id.startsWith(prefix))
    .map(({ id, value }): Point => [Number(id.slice(prefix.length)), value])
    .toSorted(([a], [b]) => a - b);
}

/** Rows `step.b1.NAME` that are times, the cheapest first. */
function peersOf({ rows }: BenchResult): [name: string, us: number][] {
  const prefix = 'step.b1.';
  return rows
    .filter(({ id, unit }) => id.startsWith(prefix) && unit === 'µs')
    .map(({ id, value }): [string, number] => [id.slice(prefix.length), value])
    .toSorted(([, a], [, b]) => a - b);
}

/** Measured places beside each other, which multiply; costs logarithmic: twice as much is as far away everywhere. */
function lines(title: string, x: string, y: string, named: readonly (readonly [string, readonly Point[]])[]): object {
  return {
    ...heading(title, named.length > 1),
    xAxis: {
      type: 'category',
      name: x,
      nameLocation: 'middle',
      nameGap: 30,
      data: named[0][1].map(([place]) => place.toLocaleString('en')),
    },
    yAxis: { type: 'log', name: y, nameLocation: 'middle', nameGap: 50 },
    series: named.map(([name, points]) => ({
      type: 'line',
      name,
      data: points.map(([, value]) => value),
      symbolSize: 7,
      label: valueLabel('top'),
    })),
  };
}

function bars(title: string, unit: string, values: readonly (readonly [string, number])[]): object {
  return {
    ...heading(title, false),
    xAxis: { type: 'value', name: unit, nameLocation: 'middle', nameGap: 30 },
    yAxis: { type: 'category', data: values.map(([name]) => name), inverse: true },
    series: [{ type: 'bar', data: values.map(([, value]) => value), label: valueLabel('right') }],
  };
}

function heading(text: string, legend: boolean): object {
  return {
    title: { text, left: 'center', textStyle: { fontSize: 16 } },
    ...(legend ? { legend: { top: 40 } } : {}),
    grid: { left: 110, right: 60, top: 75, bottom: 55 },
  };
}

/** Two significant digits beside each value. */
function valueLabel(position: 'top' | 'right'): object {
  return {
    show: true,
    position,
    formatter: ({ value }: { value: number }) => String(Number(value.toPrecision(2))),
  };
}
