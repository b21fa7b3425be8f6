import { describe, expect, it } from 'vitest';
import { html, NOTHING, scriptJson } from '../../src/report/html.js';

describe('html', () => {
  it('escapes what comes from data, in content and in attributes, and takes its own as it is', () => {
    const name = `"><img src=x onerror='alert(1)'> & more`;
    const cell = html`<td title="${name}">${name}</td>`;
    const safe = '&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; more';
    expect(cell.text).toBe(`<td title="${safe}">${safe}</td>`);
    const row = html`<tr>
      ${[cell, cell]}${NOTHING}${1.5}
    </tr>`;
    expect(row.text.replaceAll(/\s*\n\s*/g, '')).toBe(`<tr>${cell.text}${cell.text}1.5</tr>`);
  });

  it('is JSON that cannot end its script, and that is still the same', () => {
    const value = { '</script>': ['<!--', '</SCRIPT >', '\u2028'] };
    expect(scriptJson(value)).not.toContain('<');
    expect(JSON.parse(scriptJson(value))).toEqual(value);
  });
});
