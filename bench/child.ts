/** The process of one benchmark: `child.ts NAME [--smoke]`, forked by main.ts. Adds what the process itself has used. */
import { parseArgs } from 'node:util';
import type { Bench, BenchRow } from './report.js';

const { values, positionals } = parseArgs({
  options: { smoke: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [name] = positionals;
const { run } = (await import(new URL(`${name}.ts`, import.meta.url).href)) as { run: Bench };
const result = await run({ smoke: values.smoke });
process.send?.({ ...result, rows: [...result.rows, ...usage(name)] }, undefined, undefined, () => process.disconnect());

/** All that ran in this process, peers and preparation included; not its own child processes. */
function usage(bench: string): BenchRow[] {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const seconds = (userCPUTime + systemCPUTime) / 1e6;
  const mebibytes = maxRSS / 1024;
  return [
    { id: `${bench}.cpu-seconds`, value: seconds, unit: 's', samples: [seconds] },
    { id: `${bench}.peak-memory-mib`, value: mebibytes, unit: 'MiB', samples: [mebibytes] },
  ];
}
