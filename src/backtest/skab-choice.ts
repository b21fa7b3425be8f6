/** Choosing among configurations by SKAB's F1, on one half of the files to be scored on the other. */
import type { Detector } from './comparison.js';
import type { FileFigures } from './file-figures.js';
import type { NabScores } from './nab-score.js';
import { changepointScores, outlierFigures, type OutlierFigures, type SkabCounts } from './skab-score.js';

/** The mean of both halves. */
export interface ChosenBySkab extends OutlierFigures {
  readonly changepoint: NabScores;
  readonly tried: { readonly configurations: number };
  /** Chosen on the even files (the first, the third, …), and on the odd ones. */
  readonly choices: readonly [string, string];
}

interface Candidate {
  readonly config: string;
  readonly files: readonly SkabCounts[];
}

/**
 * @param files one entry a file, in the order of their names: its figures, one a detector
 * @returns undefined without labels in the data, where a half has no file, or only one configuration
 */
export function chooseBySkab(
  detectors: readonly Detector[],
  files: readonly (readonly FileFigures[])[],
): ChosenBySkab | undefined {
  const candidates = detectors.flatMap(({ config, forecast }, d): Candidate[] =>
    forecast === 'net' ? [{ config, files: files.flatMap((figures) => figures[d].marked ?? []) }] : [],
  );
  if (candidates.length < 2 || candidates[0].files.length < 2) return undefined;
  const [even, odd] = [halves(candidates, 0), halves(candidates, 1)];
  const choices = [bestOf(even), bestOf(odd)] as const;
  const scored = [filesOf(odd, choices[0]), filesOf(even, choices[1])];
  const mean = (of: (half: readonly SkabCounts[]) => number): number =>
    scored.reduce((sum, half) => sum + of(half), 0) / scored.length;
  return {
    f1: mean((half) => outlierFigures(half).f1),
    falseAlarmRate: mean((half) => outlierFigures(half).falseAlarmRate),
    missedAlarmRate: mean((half) => outlierFigures(half).missedAlarmRate),
    changepoint: {
      standard: mean((half) => changepointScores(half).standard),
      lowFP: mean((half) => changepointScores(half).lowFP),
      lowFN: mean((half) => changepointScores(half).lowFN),
    },
    tried: { configurations: candidates.length },
    choices,
  };
}

function halves(candidates: readonly Candidate[], parity: 0 | 1): Candidate[] {
  return candidates.map(({ config, files }) => ({ config, files: files.filter((_, file) => file % 2 === parity) }));
}

/** Of equals the one that was named first. */
function bestOf(candidates: readonly Candidate[]): string {
  let [{ config: best }] = candidates;
  let most = -Infinity;
  for (const { config, files } of candidates) {
    const { f1 } = outlierFigures(files);
    if (!(f1 > most)) continue;
    most = f1;
    best = config;
  }
  return best;
}

function filesOf(candidates: readonly Candidate[], config: string): readonly SkabCounts[] {
  return candidates.find((candidate) => candidate.config === config)?.files ?? [];
}
