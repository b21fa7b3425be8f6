/**
 * Makes the sample that `kioku demo listen` plays where there is no microphone: ten digits of a synthetic voice (flite, the
 * Debian package), said one by one and joined, with pink noise 40 dB below them as a quiet room has. Every voice at several
 * speeds is given to the recogniser; the one that it makes the fewest mistakes with is written, of equal ones that whose speed
 * is changed least. So the sample says nothing about how good the recogniser is.
 *
 *     npx tsx bench/tools/listen-sample.ts models/digits-en && npx prettier --write assets/listen
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/core/log.js';
import { editsOf } from '../../src/evaluate/edits.js';
import { Pipeline } from '../../src/pipeline.js';
import { Clip } from '../../src/source/clip.js';
import { gainOf, meanPower } from '../../src/train/speech/level.js';
import { pinkNoise } from '../../src/train/speech/noise.js';
import { readRecordings, type Recording } from '../../src/train/speech/recordings.js';

const FOLDER = fileURLToPath(new URL('../../assets/listen', import.meta.url));
/** Every digit once, in no order that could be guessed. */
const WORDS = ['seven', 'three', 'zero', 'nine', 'two', 'five', 'eight', 'one', 'six', 'four'];
const RATE_HZ = 8000;
/** Before each word, and behind the last one. */
const PAUSES_MS = [300, 100, 200, 80, 260, 60, 160, 320, 120, 90, 300];
/** Kept of a word around what is loud in it: its soft consonants. */
const MARGIN_MS = 60;
const SPEECH_DB = -24;
const NOISE_DB = -64;
/** Of flite, the most natural ones first. */
const VOICES = ['rms', 'slt', 'awb', 'kal16'];
/** 1: as the voice is; 1.2: as much slower. */
const STRETCHES = [1, 0.95, 1.05, 0.9, 1.1, 1.2];

interface Candidate {
  readonly voice: string;
  readonly stretch: number;
  readonly file: string;
  readonly words: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
}

const [model] = process.argv.slice(2);
if (model === undefined) throw new Error('usage: npx tsx bench/tools/listen-sample.ts MODEL');
const scratch = await mkdtemp(join(tmpdir(), 'kioku-sample-'));
try {
  const candidates: Candidate[] = [];
  for (const stretch of STRETCHES) for (const voice of VOICES) candidates.push(await make(voice, stretch));
  const heard = await hear(candidates.map(({ file }) => file));
  let best: { readonly candidate: Candidate; readonly mistakes: number } | undefined;
  for (const candidate of candidates) {
    const text = heard.get(basename(candidate.file, '.wav')) ?? [];
    const { insertions, deletions, substitutions } = editsOf(WORDS, text);
    const mistakes = insertions + deletions + substitutions;
    console.log(`${candidate.voice}\tstretch ${candidate.stretch}\tmistakes ${mistakes}\t${text.join(' ')}`);
    if (best === undefined || mistakes < best.mistakes) best = { candidate, mistakes };
  }
  if (best !== undefined) await keep(best.candidate);
} finally {
  await rm(scratch, { recursive: true });
}

async function keep({ voice, stretch, file, words }: Candidate): Promise<void> {
  await writeFile(join(FOLDER, 'digits.wav'), await readFile(file));
  const made = { voice: `flite's ${voice}`, stretch, words };
  await writeFile(join(FOLDER, 'digits.json'), JSON.stringify(made));
  console.log(`written to ${FOLDER}: ${voice}, stretch ${stretch}`);
}

async function make(voice: string, stretch: number): Promise<Candidate> {
  const words: Candidate['words'][number][] = [];
  const pieces: Float64Array[] = [];
  let length = 0;
  const append = (piece: Float64Array): void => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const [i, { transcript, samples, speech }] of (await speak(voice, stretch)).entries()) {
    append(new Float64Array(samplesIn(PAUSES_MS[i])));
    const from = Math.max(0, speech.span.from - samplesIn(MARGIN_MS));
    const to = Math.min(samples.length, speech.span.to + samplesIn(MARGIN_MS));
    const at = length - from;
    const msOf = (sample: number): number => Math.round(((at + sample) * 1000) / RATE_HZ);
    words.push({ text: transcript, startMs: msOf(speech.span.from), endMs: msOf(speech.span.to) });
    const gain = gainOf(SPEECH_DB) / Math.sqrt(speech.power);
    append(Float64Array.from(samples.subarray(from, to), (sample) => gain * sample));
  }
  append(new Float64Array(samplesIn(PAUSES_MS[WORDS.length])));
  const file = join(scratch, `${voice}-${stretch}.wav`);
  await writeFile(file, inRoom(pieces, length).toWav());
  return { voice, stretch, file, words };
}

/** The pieces one after the other with noise over them, in 16 bits. */
function inRoom(pieces: readonly Float64Array[], length: number): Clip {
  const noise = pinkNoise(1, length);
  const level = gainOf(NOISE_DB) / Math.sqrt(meanPower(noise));
  const all = Float64Array.from(noise, (sample) => level * sample);
  let at = 0;
  for (const piece of pieces) for (const sample of piece) all[at++] += sample;
  const clip = new Clip(RATE_HZ, 1);
  clip.push(all.map((sample) => Math.round(sample * 32_768) / 32_768));
  return clip;
}

async function speak(voice: string, stretch: number): Promise<readonly Recording[]> {
  const utterances = WORDS.map((word) => {
    const file = join(scratch, `${word}.wav`);
    execFileSync('flite', ['-voice', voice, '--setf', `duration_stretch=${stretch}`, '-t', word, '-o', file]);
    return { name: word, file, transcript: word, speaker: voice };
  });
  const { recordings } = await readRecordings(utterances, RATE_HZ);
  if (recordings.length !== WORDS.length) throw new Error(`flite did not say all of the words as ${voice}`);
  return recordings;
}

/** @returns the words that are heard in each file, by stream */
async function hear(files: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const config = await defineConfig({
    name: 'sample',
    model: resolve(model),
    source: { kind: 'audio-files', files: [...files], parallel: true },
    decide: { kind: 'transcribe' },
    sinks: [],
    limits: { maxStreams: files.length },
  });
  const heard = new Map<string, readonly string[]>();
  const pipeline = new Pipeline(config, { log: silentLog });
  pipeline.events.subscribe((events) => {
    for (const event of events) {
      if (event.type !== 'final') continue;
      const words = event.words.map(({ text }) => text);
      heard.set(event.stream, [...(heard.get(event.stream) ?? []), ...words]);
    }
  });
  await pipeline.run(new AbortController().signal);
  return heard;
}

function samplesIn(ms: number): number {
  return (ms * RATE_HZ) / 1000;
}
