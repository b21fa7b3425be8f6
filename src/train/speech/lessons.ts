/** Utterances made on the way from the recordings of a corpus: what is heard, what is said, and where in it. */
import type { RecogniserFeatures } from '../../core/recogniser.js';
import { Augmenter, type Surroundings } from './augment.js';
import { ChunkMaker, type Chunks } from './chunk-maker.js';
import type { Corpus, SpeltRecording } from './corpus.js';
import { Draws } from './draws.js';
import { cutTightly, Joiner, type Joined, type JoinOptions } from './join.js';
import { normalise, type MelScale } from './mel-scale.js';
import { withoutLevel } from './running-level.js';
import { specAugment, type SpecAugmentOptions } from './spec-augment.js';
import { inVoice, Voices, type VoiceOptions } from './voices.js';

export interface LessonOptions {
  readonly join: JoinOptions;
  readonly surroundings: Surroundings;
  /** Share of strings that begin with the first word and end with the last, as speech that was cut too tightly. */
  readonly tightShare?: number;
  /** Absent: only in the voices that were recorded. */
  readonly voices?: VoiceOptions;
  /** Absent: nothing is masked. */
  readonly masks?: SpecAugmentOptions;
}

export interface Lesson {
  /** [T, I], normalised, without their level. */
  readonly chunks: Chunks;
  readonly speaker: string;
  readonly labels: readonly number[];
  /** [T] the token that each step is to tell of if the joins are to say it: a word in its second half, else blank. */
  readonly frameTargets: Int32Array;
}

export class Lessons {
  readonly #joiner: Joiner<SpeltRecording>;
  readonly #augmenter: Augmenter;
  readonly #maker: ChunkMaker;
  readonly #voices: Voices | undefined;

  /**
   * @param seed with epoch and index it says everything about an utterance
   * @throws UserError `DATA_INVALID` when nobody speaks in the corpus, `CONFIG_INVALID` when the features do not fit
   */
  constructor(
    private readonly corpus: Corpus,
    private readonly features: RecogniserFeatures,
    private readonly options: LessonOptions,
    private readonly seed: number,
  ) {
    const { recordings, sampleRateHz } = corpus;
    this.#joiner = new Joiner(recordings, sampleRateHz, options.join);
    this.#augmenter = new Augmenter(seed, sampleRateHz, recordings, options.surroundings);
    this.#maker = new ChunkMaker(features);
    this.#voices = options.voices && new Voices(features, options.voices);
  }

  /** I, values of a step. */
  get width(): number {
    return this.#maker.width;
  }

  /** Steps of the silence at the end of each utterance. */
  get tailSteps(): number {
    return this.#maker.tailSteps;
  }

  /** What is heard of utterance `index` of `epoch`, not normalised and without masks. */
  heard(epoch: number, index: number): Chunks {
    return this.#make(new Draws(this.seed, epoch, index)).chunks;
  }

  lesson(epoch: number, index: number, scale: MelScale): Lesson {
    const draws = new Draws(this.seed, epoch, index);
    const { chunks, string, speed } = this.#make(draws);
    normalise(chunks, scale);
    withoutLevel(chunks, this.features.melBins);
    const { masks } = this.options;
    if (masks !== undefined) specAugment(chunks, this.features.melBins, masks, draws);
    const labels = string.parts.flatMap(({ recording }) => recording.labels);
    return { chunks, speaker: string.speaker, labels, frameTargets: this.#targets(string, chunks.count, speed) };
  }

  #make(draws: Draws): { chunks: Chunks; string: Joined<SpeltRecording>; speed: number } {
    const { tightShare = 0 } = this.options;
    const joined = this.#joiner.draw(draws);
    const string = draws.happens(tightShare) ? cutTightly(joined) : joined;
    const heard = this.#maker.chunksOf(this.#augmenter.hear(string, draws));
    const voice = this.#voices?.draw(draws);
    const chunks = voice ? inVoice(heard, voice, this.tailSteps) : heard;
    return { chunks, string, speed: voice?.speed ?? 1 };
  }

  /** Where several words lie in one recording is not known: as if all took the same time. */
  #targets({ parts }: Joined<SpeltRecording>, steps: number, speed: number): Int32Array {
    const targets = new Int32Array(steps).fill(this.corpus.tokens.blank);
    const stepSamples = (this.corpus.sampleRateHz / 25) * speed;
    for (const { recording, spoken } of parts) {
      const share = (spoken.to - spoken.from) / recording.labels.length;
      recording.labels.forEach((label, k) => {
        const from = Math.floor((spoken.from + (k + 0.5) * share) / stepSamples);
        const to = Math.floor((spoken.from + (k + 1) * share) / stepSamples);
        targets.fill(label, from, Math.max(from + 1, to));
      });
    }
    return targets;
  }
}
