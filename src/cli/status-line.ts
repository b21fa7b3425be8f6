/** The line at the bottom of a terminal that renews itself, while ordinary lines pass above it. */

/** To the beginning of the line and all of it away: what every other line on that terminal begins with. */
export const CLEAR_LINE = '\r\u001b[2K';

export class StatusLine {
  constructor(private readonly terminal: NodeJS.WriteStream) {}

  /** @param text is cut at the width of the terminal: a line that wraps could not be taken back */
  show(text: string): void {
    this.terminal.write(CLEAR_LINE + text.slice(0, (this.terminal.columns || 80) - 1));
  }

  /** Makes room for an ordinary line. */
  clear(): void {
    this.terminal.write(CLEAR_LINE);
  }

  /** Leaves what is shown where it is. */
  end(): void {
    this.terminal.write('\n');
  }
}

/** @param fraction 0 to 1 @param cells its width in characters */
export function gauge(fraction: number, cells: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * cells);
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}
