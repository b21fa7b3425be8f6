/** `--report FILE.html`. */
import { InvalidArgumentError } from 'commander';

/** Parser for a commander option: a name of another kind is more likely to be a file that must not be overwritten. */
export function parseReportPath(text: string): string {
  if (/\.html?$/i.test(text)) return text;
  throw new InvalidArgumentError('A report is a web page: name a file that ends in .html.');
}
