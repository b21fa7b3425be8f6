/** `kioku train --report` of a recogniser: what was learnt, as the page has it. */
import type { SpeechOptions } from '../core/speech-training.js';
import { kiokuVersion } from '../core/version.js';
import type { LearntSpeech } from '../learn-speech.js';
import { moment } from '../report/figures.js';
import { recogniserPage } from '../report/recogniser-page.js';
import { writePage } from '../report/write-page.js';

/**
 * @param words what it came to, sentence by sentence
 * @throws UserError `DISK`
 */
export async function writeRecogniserPage(
  path: string,
  { card, record, manifests }: LearntSpeech,
  { frameEpochs }: SpeechOptions,
  words: readonly string[],
): Promise<void> {
  const text = await recogniserPage({
    title: `Training of ${card.name}`,
    about: `With kioku ${kiokuVersion()}, written ${moment(Date.now() * 1000)} UTC.`,
    words,
    card,
    record,
    manifests,
    frameEpochs,
  });
  await writePage(path, text);
}
