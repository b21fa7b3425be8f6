/**
 * How well a recogniser hears people it has not learnt from: for every speaker of the manifest of a training, a recogniser is
 * learnt from all others, and evaluated on strings of this one.
 *
 *   npx tsx bench/tools/leave-one-out.ts configs/train-digits-en.yaml --out /tmp/digits [--speaker george …] [--seed 1]
 *
 * Everything goes through the command line of `dist` (npm run build), one after the other. Nothing chooses among weights: the
 * speaker who is left out is heard for the first time when the figures are made.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { readManifest } from '../../src/train/speech/manifest.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
/** Strings of 1 to 6 words with pauses of 0 to 500 ms, at 20 dB over the speech. */
const STRINGS = ['--joined', '200', '--words', '1-6', '--gap', '0-500ms', '--snr', '20'];

interface Training {
  name: string;
  model: string;
  speech: { manifest: string; heldOut?: string };
}

interface Figures {
  readonly wordErrorRate: number;
  readonly sentenceAccuracy: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly substitutions: number;
}

function kioku(...args: string[]): string {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`kioku ${args.join(' ')} ended with ${status}`);
  return stdout;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    speaker: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
  },
});
const [configPath] = positionals;
const { out } = values;
if (configPath === undefined || out === undefined) throw new Error('give a configuration, and --out FOLDER');
const config = parse(readFileSync(configPath, 'utf8')) as Training;
const { utterances } = await readManifest(resolve(dirname(configPath), config.speech.manifest));
const speakers = values.speaker ?? [...new Set(utterances.map(({ speaker = '' }) => speaker))];
const rates: number[] = [];
for (const left of speakers) {
  const folder = resolve(out, left);
  mkdirSync(folder, { recursive: true });
  const [learnt, tried] = ['learnt.tsv', 'tried.tsv'].map((name) => join(folder, name));
  const write = (path: string, wanted: (speaker: string) => boolean): void => {
    const chosen = utterances.filter(({ speaker = '' }) => wanted(speaker));
    writeFileSync(path, chosen.map((of) => `${of.file}\t${of.transcript}\t${of.speaker ?? ''}\n`).join(''));
  };
  write(learnt, (speaker) => speaker !== left);
  write(tried, (speaker) => speaker === left);
  const { heldOut: _chooses, ...speech } = config.speech;
  const model = join(folder, 'model');
  const changed = { ...config, name: `${config.name}-without-${left}`, model, speech: { ...speech, manifest: learnt } };
  const changedPath = join(folder, 'train.yaml');
  writeFileSync(changedPath, stringify(changed));
  const began = performance.now();
  kioku('train', changedPath);
  const seconds = (performance.now() - began) / 1000;
  for (const noise of ['pink', 'babble']) {
    const args = ['evaluate', tried, '--model', model, ...STRINGS, '--noise', noise, '--seed', values.seed, '--json'];
    const figures = JSON.parse(kioku(...args)) as Figures;
    writeFileSync(join(folder, `${noise}.json`), JSON.stringify(figures, null, 2));
    const { wordErrorRate, sentenceAccuracy, insertions, deletions, substitutions } = figures;
    rates.push(wordErrorRate);
    const edits = `${insertions} inserted, ${deletions} deleted, ${substitutions} substituted`;
    const right = `strings right ${percent(sentenceAccuracy)}`;
    console.log(
      `${left}, ${noise}: words wrong ${percent(wordErrorRate)} (${edits}), ${right}; learnt in ${Math.round(seconds)} s`,
    );
  }
}
console.log(`mean: words wrong ${percent(rates.reduce((sum, rate) => sum + rate, 0) / rates.length)}`);
