import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { backtestPage, type BacktestPage } from '../../src/report/backtest-page.js';
import type { Chart } from '../../src/report/chart.js';
import type { ReportedChannel, ReportedFile, ReportedIncident } from '../../src/report/reported.js';
import { Browser } from '../support/chromium.js';
import { needsProgram } from '../support/needs.js';

const ROWS = 600;
const LEARNT = 100;
const START_US = 1_760_000_000_000_000;
const timeUs = (row: number): number => START_US + row * 60e6;
/** A name as somebody might write it who wants to run something in the browser of whoever reads the report. */
const EVIL = `</script><script>document.title='broken in'</script><img src=x onerror="document.title='broken in'">`;

function channel(name: string): ReportedChannel {
  const expected = Float64Array.from({ length: ROWS }, (_, row) => (row < LEARNT ? NaN : Math.sin(row / 20)));
  return {
    name,
    values: Float64Array.from({ length: ROWS }, (_, row) => Math.sin(row / 20) + (row === 321 ? 7.25 : 0)),
    expected,
    low: expected.map((value) => value - 0.2),
    high: expected.map((value) => value + 0.2),
  };
}

const INCIDENT: ReportedIncident = {
  sinceUs: timeUs(320),
  raisedUs: timeUs(322),
  endUs: timeUs(340),
  score: 0.71,
  severity: 'warning',
  reason: 'anomaly',
  channels: [{ name: EVIL, view: 'level', observed: 7.25, expected: -0.5, score: 0.71 }],
};

const LONG_NAMES = [
  { name: 'Volume Flow Rate', view: 'still' as const, observed: 29, expected: 31.9, score: 0.71 },
  { name: 'Temperature', view: 'drift' as const, observed: 80.1, expected: 78.9, score: 0.5 },
];

function file(parts: Partial<ReportedFile>): ReportedFile {
  return {
    name: 'north/pump.csv',
    timesUs: Float64Array.from({ length: ROWS }, (_, row) => timeUs(row)),
    scores: Float64Array.from({ length: ROWS }, (_, row) => (row < LEARNT ? NaN : row % 2 ? 0.1 : 0.2)),
    threshold: 0.4,
    learntRows: LEARNT,
    channels: [channel('flow')],
    incidents: [INCIDENT],
    faults: [{ fromUs: timeUs(300), toUs: timeUs(350) }],
    falseAlerts: 0,
    judgedFaults: 1,
    found: 1,
    delayS: 1320,
    ...parts,
  };
}

const PAGE: BacktestPage = {
  title: 'Backtest of 3 files',
  about: 'A test.',
  headline: {
    days: 21,
    alerts: 3,
    falseAlerts: 1,
    faults: 3,
    found: 2,
    alertsPerDay: 3 / 21,
    falseAlertsPerDay: 1 / 21,
    detectionDelayS: { median: 1320, worst: 2640 },
  },
  tables: [{ caption: 'NAB score', header: ['', 'standard'], rows: [['as configured', '61.5']], note: 'So so.' }],
  files: [
    file({}),
    file({ name: EVIL, channels: ['flow', EVIL].map(channel) }),
    file({
      name: 'missed.csv',
      faults: [
        { fromUs: timeUs(10), toUs: timeUs(20) },
        { fromUs: timeUs(500), toUs: timeUs(520) },
      ],
      falseAlerts: 1,
      found: 0,
      delayS: null,
    }),
  ],
  refused: [{ name: 'empty.csv', why: 'it has no rows' }],
};

/** In the page: the charts of the first figure, as pictures; and how many points of its first one are drawn. */
const PICTURES = `[...document.querySelector('figure').querySelectorAll('canvas')].map((canvas) => canvas.toDataURL())`;
const INK = `((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((x, i) => i % 4 === 3 && x > 0).length)(document.querySelector('canvas'))`;

/** What a reader sees, without tags. */
function words(page: string): string {
  return page
    .slice(page.indexOf('<h1>'), page.indexOf('<script'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

function chartsOf(page: string): Chart[] {
  return JSON.parse(/id="charts">(.*?)<\/script>/s.exec(page)?.[1] ?? '') as Chart[];
}

async function opened(text: string, height = 4000, width = 1200): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'report.html');
  await writeFile(path, text);
  const browser = await Browser.open(path, { width, height });
  onTestFinished(() => browser.close());
  return browser;
}

describe('the page of a backtest', () => {
  let page: string;
  beforeAll(async () => {
    page = await backtestPage(PAGE);
  });

  it('says in words what somebody would have got', () => {
    const text = words(page);
    expect(text).toContain('alerts a week 1 3 alerts in 21 d');
    expect(text).toContain('faults found 2 of 3 1 missed');
    expect(text).toContain('false alerts a week 0.333 1 alert outside of all faults');
    expect(text).toContain('delay of the alert 22 min');
    expect(text).toContain('NAB score standard as configured 61.5 So so.');
    expect(text).toContain('Not judged: empty.csv: it has no rows');
    expect(text).toContain('2025-10-09 14:15:20 20 min warning, 0.71');
    expect(text).toContain('7.25, expected -0.5 (an unusual value) in a fault');
  });

  it('does not make a week of a few hours', async () => {
    const text = words(await backtestPage({ ...PAGE, headline: { ...PAGE.headline, days: 0.25, alertsPerDay: 12 } }));
    expect(text).toContain('alerts 3 in 6 h, all files together');
    expect(text).not.toContain('84');
    expect(text).toContain('too little to say how many there are in a week');
  });

  it('on a phone no row is squeezed into a column of words', async (ctx) => {
    needsProgram(ctx, 'chromium');
    const named = { ...PAGE, files: [file({ incidents: [{ ...INCIDENT, channels: LONG_NAMES }] })] };
    const browser = await opened(await backtestPage(named), 2000, 400);
    const heights = `[...document.querySelectorAll('.long tbody tr')].map((row) => row.offsetHeight)`;
    // Four lines of some 22 px at most; squeezed it would be one for every word.
    expect(Math.max(...((await browser.evaluate(heights)) as number[]))).toBeLessThan(100);
  }, 60_000);

  it('shows the worst file first, and what was missed in it', () => {
    const names = [...page.matchAll(/<strong>(.*?)<\/strong>/gs)].map(([, name]) => name.trim());
    expect(names[0]).toBe('missed.csv');
    const text = words(page);
    expect(text).toContain('labelled from 2025-10-09 17:13:20 to 2025-10-09 17:33:20 missed');
    // While it was learnt nothing could be found.
    expect(text).toContain('labelled from 2025-10-09 09:03:20 to 2025-10-09 09:13:20 not judged');
    expect(text.indexOf('0 of 1 faults found')).toBeLessThan(text.indexOf('1 of 1 faults found'));
  });

  it('shows every channel within its band, the score with its threshold, incidents and labels', () => {
    const charts = chartsOf(page);
    expect(charts).toHaveLength(3 + 4);
    const [value, score] = charts;
    expect(value.traces.map(({ label, style }) => `${label} ${style}`)).toEqual([
      'at most edge',
      'at least edge',
      'expected dashed',
      'flow line',
    ]);
    expect(value.band).toEqual([0, 1]);
    expect(value.marks).toEqual([{ at: timeUs(322) / 1000, tone: 'incident' }]);
    expect(value.shades).toContainEqual({ from: timeUs(320) / 1000, to: timeUs(340) / 1000, tone: 'incident' });
    expect(value.shades).toContainEqual({ from: timeUs(500) / 1000, to: timeUs(520) / 1000, tone: 'fault' });
    expect(value.shades).toContainEqual({ from: timeUs(0) / 1000, to: timeUs(99) / 1000, tone: 'learnt' });
    expect(score.levels).toEqual([{ at: 0.4, tone: 'incident' }]);
  });

  it('needs nothing from elsewhere and lets nothing in', () => {
    const [policy] = /Content-Security-Policy"\s+content="([^"]*)"/.exec(page)?.slice(1) ?? [''];
    expect(policy).toMatch(/^default-src &#39;none&#39;; script-src (&#39;sha256-\S+&#39; ?){2}; style-src/);
    expect(policy).not.toContain('unsafe');
    const [head] = page.split('<h1>');
    expect(head).toContain('Copyright');
    expect(head).not.toMatch(/<link|@import|url\(/);
    expect(page).not.toMatch(/<(?:script|img)[^>]*\ssrc=/);
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script>/g)).toHaveLength(3);
  });

  it('says without labels that nobody knows what was right', async () => {
    const { faults: _, ...unlabelled } = file({});
    const text = words(await backtestPage({ ...PAGE, files: [unlabelled] }));
    expect(text).toContain('no alert can be called right or false');
    expect(text).not.toContain('faults found');
  });

  it('stays a file that can be opened, however much was judged', async () => {
    const rows = 20_000;
    const long = (value: (row: number) => number): Float64Array =>
      Float64Array.from({ length: rows }, (_, i) => value(i));
    const flow = {
      name: 'flow',
      values: long(Math.sin),
      expected: long(Math.sin),
      low: long(Math.cos),
      high: long(Math.sin),
    };
    const big = file({ timesUs: long(timeUs), scores: long(() => 0.1), channels: [flow] });
    const large = await backtestPage({ ...PAGE, files: Array.from({ length: 31 }, () => big) });
    expect(large.length).toBeLessThan(15e6);
    expect(words(large)).toContain('Of 31 files only the extremes are drawn');
  });

  describe('in a browser', () => {
    const CANVASES = `document.querySelectorAll('canvas').length`;
    const FIGURE = `document.querySelector('figure')`;

    it('is drawn without a complaint, and what names say is not run', async (ctx) => {
      needsProgram(ctx, 'chromium');
      const browser = await opened(page);
      // All but the channel that was not chosen.
      await browser.until(`${CANVASES} === 6`);
      expect(await browser.evaluate('document.title')).toBe('Backtest of 3 files');
      expect(await browser.evaluate(INK)).toBeGreaterThan(1000);
      await browser.evaluate(
        `document.querySelector('select').value = '0'; document.querySelector('select').dispatchEvent(new Event('change'))`,
      );
      await browser.until(`${CANVASES} === 7`);
      expect(await browser.evaluate(`document.querySelectorAll('[data-chart]:not([hidden])').length`)).toBe(6);
      await browser.evaluate(`document.querySelector('[data-open=none]').click()`);
      expect(await browser.evaluate(`document.querySelectorAll('details[open]').length`)).toBe(0);
      expect(browser.complaints).toEqual([]);
    });

    it('is zoomed with keys, all charts of a file together', async (ctx) => {
      needsProgram(ctx, 'chromium');
      const browser = await opened(page);
      await browser.until(`${CANVASES} === 6`);
      const pictures = (): Promise<unknown> => browser.evaluate(PICTURES);
      const whole = await pictures();
      await browser.evaluate(`${FIGURE}.focus()`);
      await browser.press('+');
      await browser.until(`JSON.stringify(${PICTURES}) !== ${JSON.stringify(JSON.stringify(whole))}`);
      const near = (await pictures()) as readonly string[];
      expect(near.every((picture, i) => picture !== (whole as readonly string[])[i])).toBe(true);
      await browser.press('ArrowRight');
      await browser.press('0');
      await browser.until(`JSON.stringify(${PICTURES}) === ${JSON.stringify(JSON.stringify(whole))}`);
      expect(browser.complaints).toEqual([]);
    });

    it('is drawn in other colours when the reader wants it dark', async (ctx) => {
      needsProgram(ctx, 'chromium');
      const browser = await opened(page);
      await browser.until(`${CANVASES} === 6`);
      const [light] = (await browser.evaluate(PICTURES)) as readonly string[];
      const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
      await browser.call('Emulation.setEmulatedMedia', { features });
      await browser.until(`${CANVASES} === 6 && ${PICTURES}[0] !== ${JSON.stringify(light)}`);
      expect(browser.complaints).toEqual([]);
    });

    it('is printed with every chart of the open files, light and no wider than paper', async (ctx) => {
      needsProgram(ctx, 'chromium');
      const browser = await opened(page, 300);
      await browser.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
      await browser.evaluate(
        `addEventListener('beforeprint', () => { document.title = [...document.querySelectorAll('canvas')].map((canvas) => canvas.clientWidth < 700).join() + getComputedStyle(document.body).backgroundColor; })`,
      );
      await browser.call('Page.printToPDF');
      expect(await browser.evaluate('document.title')).toBe(`${Array(6).fill('true').join()}rgb(255, 255, 255)`);
      expect(await browser.evaluate('getComputedStyle(document.body).backgroundColor')).not.toBe('rgb(255, 255, 255)');
      expect(browser.complaints).toEqual([]);
    });

    it('does not run a script that is not the one it was made with', async (ctx) => {
      needsProgram(ctx, 'chromium');
      const browser = await opened(page.replace('drag: {', 'drag : {'));
      expect(await browser.evaluate(CANVASES)).toBe(0);
      expect(browser.complaints.join()).toContain('Content Security Policy');
    });
  });
});
