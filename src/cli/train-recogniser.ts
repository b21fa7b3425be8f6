/** `kioku train` of a configuration with a section `speech`: a recogniser is learnt from recordings. */
import { relative } from 'node:path';
import type { Config } from '../config/config.js';
import { widthText } from '../core/card.js';
import { counted } from '../core/counted.js';
import type { Log } from '../core/log.js';
import type { SpeechOptions } from '../core/speech-training.js';
import { learnSpeech, type LearntSpeech } from '../learn-speech.js';
import type { Io } from './output.js';
import { TrainingBar } from './training-bar.js';
import { noteHowToGoOn, WHY_ENDED } from './training-summary.js';

/** Recordings of which is told what is wrong with them; the others are counted. */
const MOST_TOLD = 10;

export interface TrainRecogniserOptions {
  readonly io: Io;
  readonly log: Log;
  readonly resume: boolean;
  readonly json: boolean;
  /** Path of a page to write. */
  readonly report?: string | undefined;
}

/** Ctrl-C keeps what was learnt. @throws UserError as `learnSpeech` */
export async function trainRecogniser(
  config: Config,
  speech: SpeechOptions,
  { io, log, resume, json, report }: TrainRecogniserOptions,
): Promise<void> {
  const bar = new TrainingBar(io, { name: 'words wrong', text: percent });
  const parts = { log, resume, signal: io.signal, onProgress: bar.update };
  const learnt = await learnSpeech(config, speech, parts).finally(() => bar.stop());
  tellProblems(learnt.manifests, io);
  const words = describe(learnt);
  if (json) {
    const { record, ...rest } = learnt;
    io.printJson({ model: config.model, ...rest, confusions: record.confusions });
  } else io.print(`${words.join('\n')}\nmodel: ${relative(process.cwd(), config.model) || '.'}`);
  if (report !== undefined) {
    const { writeRecogniserPage } = await import('./recogniser-page.js');
    await writeRecogniserPage(report, learnt, speech, words);
  }
  noteHowToGoOn(learnt.stopped, io);
}

function tellProblems(manifests: LearntSpeech['manifests'], io: Io): void {
  for (const { path, badLines, problems } of manifests) {
    const told = [
      ...badLines.map(({ line, reason }) => `line ${line} ${reason}`),
      ...problems.map(({ name, text, leftOut }) => `${name} ${text}${leftOut ? '; it is left out' : ''}`),
    ];
    for (const text of told.slice(0, MOST_TOLD)) io.note(`${path}: ${text}`);
    if (told.length > MOST_TOLD) io.note(`${path}: ${told.length - MOST_TOLD} more, all of them in --json`);
  }
}

function describe({ card, stopped, manifests: [learnt, heldOut] }: LearntSpeech): string[] {
  const { training, words } = card;
  return [
    `learnt ${counted(words.length, 'word')} from ${counted(learnt.recordings, 'recording')} ` +
      `(${Math.round(learnt.seconds)} s) in ${training.seconds} s: ${WHY_ENDED[stopped]}`,
    `${training.cell} ${training.layers}×${widthText(training)}, ${training.parameters} parameters`,
    card.heldOut === undefined
      ? 'the last weights are kept: nothing is held out, and `kioku evaluate` tells how good they are'
      : quality(card.heldOut, heldOut),
  ];
}

function quality(
  errors: NonNullable<LearntSpeech['card']['heldOut']>,
  { recordings }: LearntSpeech['manifests'][number],
): string {
  const speakers = Object.entries(errors.bySpeaker).map(
    ([name, { tokenErrorRate }]) => `${name || '?'} ${percent(tokenErrorRate)}`,
  );
  return (
    `strings of ${counted(recordings, 'held-out recording')}, with noise: ${percent(errors.tokenErrorRate)} of ` +
    `the words wrong (${speakers.join(', ')}), ${percent(errors.stringsRight)} of the strings right`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
