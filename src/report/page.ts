/**
 * One HTML file that needs nothing else: style, scripts and data are in it, and its content security policy lets nothing in
 * that is not, whatever the names in the data are.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { kiokuVersion } from '../core/version.js';
import type { Chart } from './chart.js';
import { html, Markup, NOTHING, scriptJson } from './html.js';

/** What the browser runs and how it looks; lies at the same depth for `src/` and `dist/`. */
const ASSETS = new URL('../../assets/report/', import.meta.url);
/** In the order in which they need each other. */
const MODULES = ['unpack.js', 'chart.js', 'page.js'];

/** The charts of a page, in the order in which they were added. */
export class Charts {
  readonly all: Chart[] = [];

  /**
   * Where the chart is to be drawn.
   * @param choice it is seen only while this is the value of the `<select>` of its figure, as it is at first if `chosen`
   */
  place(chart: Chart, choice?: string, chosen = true): Markup {
    const index = this.all.push(chart) - 1;
    if (choice === undefined) return html`<div data-chart="${index}"></div>`;
    return html`<div data-chart="${index}" data-choice="${choice}" ${chosen ? NOTHING : html` hidden`}></div>`;
  }
}

/**
 * @param title of the window and of the page
 * @param body what is below the title
 * @returns the text of the file
 */
export async function page(title: string, body: Markup, charts: Charts): Promise<string> {
  const uplot = createRequire(import.meta.url).resolve('uplot/dist/uPlot.iife.min.js');
  const library = await readFile(uplot, 'utf8');
  const licence = await readFile(join(dirname(uplot), '../LICENSE'), 'utf8');
  const script = joined(await Promise.all(MODULES.map((name) => readFile(new URL(name, ASSETS), 'utf8'))));
  const style =
    (await readFile(join(dirname(uplot), 'uPlot.min.css'), 'utf8')) +
    (await readFile(new URL('page.css', ASSETS), 'utf8'));
  const policy =
    `default-src 'none'; script-src ${hash(library)} ${hash(script)}; style-src ${hash(style)}; ` +
    `base-uri 'none'; form-action 'none'`;
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="kioku ${kiokuVersion()}" />
        <title>${title}</title>
        ${new Markup(`<!-- The charts are drawn by uPlot:\n${licence}-->`)} ${element('style', style)}
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
        <noscript><p>The charts of this page are drawn by its script; scripts are switched off here.</p></noscript>
        ${element('script type="application/json" id="charts"', scriptJson(charts.all))} ${element('script', library)}
        ${element('script type="module"', script)}
      </body>
    </html> `;
  return text;
}

/** Not by `html`: the hash of the policy is of every character between the tags. */
function element(tag: string, text: string): Markup {
  return new Markup(`<${tag}>${text}</${tag.split(' ', 1)[0]}>`);
}

/** Modules that import only each other and the library, as one: a page that is opened from disk cannot import any. */
function joined(modules: readonly string[]): string {
  return modules
    .join('\n')
    .replaceAll(/^import .*;\n/gm, '')
    .replaceAll(/^export /gm, '');
}

/** Of an inline script or style, as a content security policy names it. */
function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
