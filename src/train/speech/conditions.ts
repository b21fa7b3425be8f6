/** Under what is learnt, and under what held-out strings are tried. */
import type { Surroundings } from './augment.js';
import type { JoinOptions } from './join.js';
import type { LessonOptions } from './lessons.js';

/** What is heard while learning: more than is ever met, so that what is met is nothing new. */
export const LEARNT_UNDER: Omit<LessonOptions, 'join'> & {
  readonly join: Pick<JoinOptions, 'edgeMs' | 'speed' | 'wordLevelDb' | 'margins'>;
} = {
  join: { edgeMs: [50, 400], speed: [1 / 1.1, 1.1], wordLevelDb: [-3, 3], margins: [0, 1] },
  surroundings: {
    levelDb: [-45, -12],
    roomShare: 0.2,
    noises: ['pink', 'babble'],
    // Always some: the pauses of a string are digital silence, which is heard nowhere else.
    noiseShare: 1,
    snrDb: [8, 50],
    // Seldom and soft: so that it is known where nothing else is heard. More of it cost digits.
    hiss: { share: 0.3, snrDb: [30, 60] },
  },
  tightShare: 0.3,
  voices: { throat: 0.12, haste: 0.3, colour: 1.5 },
  masks: { masks: 2, bands: [0, 5], frames: [0, 8] },
};

/** Held-out strings: as they were spoken, with noise beside that a quiet room has not. */
export const TRIED_UNDER: JoinOptions & Surroundings = {
  recordings: [1, 6],
  gapMs: [0, 500],
  edgeMs: [50, 400],
  speed: [1, 1],
  wordLevelDb: [0, 0],
  levelDb: [-30, -20],
  roomShare: 0,
  noises: ['pink', 'babble'],
  noiseShare: 1,
  snrDb: [20, 20],
};
