/**
 * The table of detectors of docs/backtest.md, from what `kioku backtest … --json` has printed:
 *
 *     npx tsx bench/tools/backtest-table.ts nab.json
 */
import { readFile } from 'node:fs/promises';
import type { ChosenConfig, ComparedDetector, Detector } from '../../src/backtest/comparison.js';
import type { DetectionDelay, IncidentFigures } from '../../src/backtest/incident-figures.js';
import type { BacktestReport } from '../../src/backtest/report.js';
import { comparedTable, describeChosen } from '../../src/cli/backtest-comparison.js';

/** What `--json` says of a detector. */
type DetectorJson = Detector & Omit<BacktestReport, 'incidents'> & Figures;
type Figures = Omit<IncidentFigures, 'detectionDelayS'> & { readonly detectionDelays: DetectionDelay | null };

interface BacktestJson extends DetectorJson {
  readonly compared?: readonly DetectorJson[];
  readonly chosen?: ChosenConfig;
}

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: npx tsx bench/tools/backtest-table.ts RESULT.json');
const result = JSON.parse(await readFile(path, 'utf8')) as BacktestJson;
const [header, rows] = comparedTable((result.compared ?? [result]).map(detectorOf));
for (const cells of [header, header.map(() => '---'), ...rows]) console.log(`| ${cells.join(' | ')} |`);
if (result.chosen !== undefined) console.log(`\n${describeChosen(result.chosen).join('\n')}`);

function detectorOf({
  config,
  forecast,
  silences,
  nab,
  skab,
  detectionDelays,
  ...figures
}: DetectorJson): ComparedDetector {
  const incidents = { ...figures, detectionDelayS: detectionDelays };
  const report = {
    incidents,
    silences,
    ...(nab === undefined ? {} : { nab }),
    ...(skab === undefined ? {} : { skab }),
  };
  return { config, forecast, report };
}
