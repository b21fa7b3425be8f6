#!/usr/bin/env node
/** The `kioku` command. Nothing else may be loaded before the machine is known to be suitable. */
import { platformFacts, platformProblem } from './platform.js';

const problem = platformProblem(platformFacts());
if (problem === undefined) {
  const { main } = await import('./program.js');
  await main(process.argv);
} else {
  process.stderr.write(`kioku: ${problem}\n`);
  process.exitCode = 1;
}
