/** Plain text tables. */

/**
 * @param header names of the columns
 * @param rows cells, as many as columns; the last column is not padded
 * @returns lines joined by line ends, without one at the end
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, k) => Math.max(...all.map((row) => row[k].length)));
  return all
    .map((row) =>
      row
        .map((text, k) => text.padEnd(widths[k]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
