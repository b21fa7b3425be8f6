/** `kioku train --report`: what was learnt, as the page has it. */
import { kiokuVersion } from '../core/version.js';
import type { Learnt } from '../learn.js';
import { moment } from '../report/figures.js';
import { trainingPage } from '../report/training-page.js';
import { writePage } from '../report/write-page.js';
import { gradientSentences } from './gradient-table.js';
import { describeTraining } from './training-summary.js';

/**
 * @param name of the configuration
 * @throws UserError `DISK`
 */
export async function writeTrainingPage(path: string, name: string, learnt: Learnt): Promise<void> {
  const { card, record, gradients } = learnt;
  const text = await trainingPage({
    title: `Training of ${name}`,
    about: `With kioku ${kiokuVersion()}, written ${moment(Date.now() * 1000)} UTC.`,
    words: describeTraining(learnt).split('\n'),
    card,
    record,
    ...(gradients === undefined ? {} : { gradients: { flows: gradients, words: gradientSentences(gradients) } }),
  });
  await writePage(path, text);
}
