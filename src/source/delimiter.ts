/** What separates the cells of a CSV file, seen from its first line. */

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** The candidate that is most often in the first line, outside quotes; a comma when there is none. */
export function delimiterOf(firstLine: string): string {
  const bare = firstLine.replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}
