/** The recordings of a manifest: read, at one rate, and looked over. What cannot be used is listed; the rest goes on. */
import { readFile } from 'node:fs/promises';
import { AudioConform } from '../../align/conform.js';
import type { Frame } from '../../core/contracts.js';
import { Counters } from '../../core/counters.js';
import { messageOf } from '../../core/errors.js';
import { silentLog } from '../../core/log.js';
import { WavHeader } from '../../core/wav-header.js';
import { WavDecoder } from '../../decode/wav-decoder.js';
import { clippedShare, speechIn, type Speech } from './level.js';
import type { Utterance } from './manifest.js';

/** Above this, a recording is said to be clipped: one sample in a thousand. */
const CLIPPED_SHARE = 0.001;

export interface Recording {
  /** As the manifest names it. */
  readonly name: string;
  readonly transcript: string;
  /** '' where nobody says who speaks. */
  readonly speaker: string;
  /** Within [-1, 1], one channel. */
  readonly samples: Float32Array;
  readonly speech: Speech;
}

/** What is wrong or odd about a recording. */
export type Finding = 'unreadable' | 'unknown-word' | 'silent' | 'too-short' | 'truncated' | 'clipped';

export interface Problem {
  /** Of the recording, as the manifest names it. */
  readonly name: string;
  readonly finding: Finding;
  /** Follows the name. */
  readonly text: string;
  /** Whether the recording is left out. */
  readonly leftOut: boolean;
}

/**
 * Reads recordings into memory, 4 bytes a sample.
 * @param sampleRateHz to which all are resampled
 */
export async function readRecordings(
  utterances: readonly Utterance[],
  sampleRateHz: number,
): Promise<{ readonly recordings: readonly Recording[]; readonly problems: readonly Problem[] }> {
  const reader = new RecordingReader(sampleRateHz);
  const recordings: Recording[] = [];
  const problems: Problem[] = [];
  try {
    for (const utterance of utterances) {
      const read = await reader.read(utterance.file);
      if ('fault' in read) {
        problems.push({ name: utterance.name, finding: 'unreadable', text: read.fault, leftOut: true });
        continue;
      }
      const { name, transcript, speaker = '' } = utterance;
      const speech = speechIn(read.samples, sampleRateHz);
      const recording = { name, transcript, speaker, samples: read.samples, speech };
      const found = findings(recording, read.truncated);
      problems.push(...found);
      if (!found.some(({ leftOut }) => leftOut)) recordings.push(recording);
    }
  } finally {
    reader.close();
  }
  return { recordings, problems };
}

/** How many recordings each finding is about. */
export function countFindings(problems: readonly Problem[]): Partial<Record<Finding, number>> {
  const counts: Partial<Record<Finding, number>> = {};
  for (const { finding } of problems) counts[finding] = (counts[finding] ?? 0) + 1;
  return counts;
}

function findings({ name, transcript, samples, speech }: Recording, truncated: boolean): Problem[] {
  const silent = silenceOf(transcript, speech.power === 0);
  if (silent !== undefined) return [{ name, finding: 'silent', text: silent, leftOut: true }];
  const odd: Problem[] = [];
  if (truncated) {
    odd.push({ name, finding: 'truncated', text: 'ends before what its header announces', leftOut: false });
  }
  const clipped = clippingOf(clippedShare(samples));
  if (clipped !== undefined) odd.push({ name, finding: 'clipped', text: clipped, leftOut: false });
  return odd;
}

/** @returns what is wrong with a recording in which nobody is heard, to follow its name; undefined: nothing */
export function silenceOf(transcript: string, isSilent: boolean): string | undefined {
  return isSilent && transcript !== '' ? `is silent, but is to say "${transcript}"` : undefined;
}

/** @param share as of `clippedShare` @returns what is odd about it, to follow the name; undefined: nothing */
export function clippingOf(share: number): string | undefined {
  return share > CLIPPED_SHARE ? `is clipped: ${(100 * share).toFixed(1)} % of its samples` : undefined;
}

type Read = { readonly samples: Float32Array; readonly truncated: boolean } | { readonly fault: string };

/** WAV files as a pipeline decodes and resamples them. */
class RecordingReader {
  readonly #counters = new Counters();
  readonly #decoder = new WavDecoder({ name: 'speech', baseDir: '.', counters: this.#counters, log: silentLog });
  readonly #conform: AudioConform;

  constructor(readonly sampleRateHz: number) {
    this.#conform = new AudioConform({ sampleRateHz, log: silentLog, counters: this.#counters, maxStreams: 1 });
  }

  async read(file: string): Promise<Read> {
    let bytes: Buffer;
    try {
      bytes = await readFile(file);
    } catch (error) {
      return { fault: `cannot be read: ${messageOf(error)}` };
    }
    const header = new WavHeader();
    header.push(bytes);
    header.end();
    if (header.fault !== undefined) return { fault: header.fault.what };
    this.#counters.drain();
    const frames: Frame[] = [];
    const packet = {
      source: 0,
      seq: 1,
      topic: file,
      route: { stream: file },
      bytes,
      arrivedUs: 0,
      mark: 'end',
    } as const;
    this.#decoder.decode(packet, (frame) => frames.push(frame));
    const pieces = await this.#conform.push(frames);
    if (this.#counters.get('align.bad-rate') > 0) return { fault: 'has a rate that is too far from that of the model' };
    return { samples: joinedSamples(pieces), truncated: this.#counters.get('decode.wav-truncated') > 0 };
  }

  close(): void {
    this.#conform.close();
  }
}

function joinedSamples(pieces: readonly Frame[]): Float32Array {
  const samples = new Float32Array(pieces.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of pieces) {
    samples.set(data, at);
    at += data.length;
  }
  return samples;
}
