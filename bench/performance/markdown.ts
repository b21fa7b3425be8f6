/** The generated parts of docs/performance.md: tables of what a run of all benchmarks has measured. */
import { amount, type BenchResult, range } from '../report.js';
import { type Bar, BARS, barText, isMet } from './bars.js';

/** Rows that say what the machine can do at best, in which unit the others are to be read. */
const LIMITS: readonly (readonly [id: string, what: string])[] = [
  ['step.gemm-rate', 'Product of two large matrices through ONNX Runtime, one thread'],
  ['growth.memory-copy', 'Copying memory beyond the caches'],
  ['pipeline.bare.cpu-us', 'Receiving and parsing a message of 100 bytes with mqtt.js and JSON.parse'],
];

const SECTION = /(<!-- generated: (\w+) -->\n)[^]*?(<!-- end -->)/g;

/**
 * @param page docs/performance.md as it is
 * @returns it with its generated sections made anew
 */
export function performancePage(page: string, result: BenchResult): string {
  const sections: Readonly<Record<string, () => string>> = {
    machine: () => machineLine(result),
    bars: () => barTable(result),
    limits: () => limitTable(result),
    figures: () => figureTable(result),
    notes: () => result.notes.map((note) => `- ${note}`).join('\n'),
  };
  return page.replace(SECTION, (_all, begin: string, name: string, end: string) => {
    if (!Object.hasOwn(sections, name)) throw new Error(`docs/performance.md asks for unknown section ${name}`);
    return `${begin}\n${sections[name]()}\n\n${end}`;
  });
}

function machineLine({ machine }: BenchResult): string {
  const { cpu, cores, memoryGiB, platform, node, load } = machine;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}; ${load.toFixed(1)} processes ran at the end.`;
}

function barTable({ rows }: BenchResult): string {
  const line = (bar: Bar): string[] => {
    const row = rows.find(({ id }) => id === bar.id);
    const measured = row === undefined ? ['not measured', ''] : [amount(row), isMet(bar, row.value) ? 'met' : 'missed'];
    return [`\`${bar.id}\``, bar.what, barText(bar), ...measured];
  };
  return table(['Figure', 'What it is', 'Bar', 'Measured', ''], BARS.map(line));
}

function limitTable({ rows }: BenchResult): string {
  const lines = LIMITS.flatMap(([id, what]) => {
    const row = rows.find((one) => one.id === id);
    return row === undefined ? [] : [[what, amount(row), `\`${id}\``]];
  });
  return table(['Limit', 'Measured', 'Row'], lines);
}

function figureTable({ rows }: BenchResult): string {
  const lines = rows.map((row) => [`\`${row.id}\``, amount(row), range(row), String(row.samples.length)]);
  return table(['Row', 'Median', 'Samples between', 'Samples'], lines);
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...lines];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
