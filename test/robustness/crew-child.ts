/** Entry of a process that hands in damaged inputs, one after the other, and says on disk which one it is at. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../src/core/errors.js';
import { Dice } from './dice.js';
import { INPUTS } from './inputs.js';
import { MODELS } from './models.js';
import type { Errand, Failure, Report, Target } from './target.js';

const folder = mkdtempSync(join(tmpdir(), 'kioku-robust-'));
const targets = new Map<string, Target>();

async function targetOf(name: string): Promise<Target> {
  const known = targets.get(name);
  if (known !== undefined) return known;
  const made = await { ...INPUTS, ...MODELS }[name](mkdtempSync(join(folder, `${name}-`)));
  targets.set(name, made);
  return made;
}

async function run({ target, seed, from, to, progress }: Errand): Promise<Report> {
  const outcomes: Record<string, number> = {};
  const failures: Failure[] = [];
  const made = await targetOf(target);
  const noted = openSync(progress, 'w');
  for (let number = from; number < to; number++) {
    // Synchronously: whoever looks after a crash finds the case that crashed.
    writeSync(noted, String(number).padStart(9), 0);
    const count = (outcome: string): void => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
    try {
      count(await made.attempt(new Dice(seed, number)));
    } catch (error) {
      if (error instanceof UserError) count(error.code);
      else failures.push({ target, number, reason: error instanceof Error ? String(error.stack) : String(error) });
    }
  }
  closeSync(noted);
  return { outcomes, failures };
}

process.on('message', (errand: Errand) => {
  void run(errand).then((report) => process.send?.(report));
});
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
