/** Real recordings of speech, 16 kHz, from ../shared/data/audio. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import wav from 'node-wav';
import type { TestContext } from 'vitest';
import { needsSharedData } from './needs.js';

export interface Recording {
  readonly name: string;
  /** Mono, within [-1, 1]. */
  readonly samples: Float32Array;
}

/** Every WAV file there, 55 s together; skips the running test without them. */
export function sharedSpeech(ctx: TestContext): readonly Recording[] {
  return ['cards', 'librivox', 'misc'].flatMap((part) => {
    const folder = needsSharedData(ctx, `audio/${part}`);
    const files = readdirSync(folder).filter((name) => name.endsWith('.wav'));
    return files.toSorted().map((name) => {
      // The one stereo file has twice the same.
      const { channelData } = wav.decode(readFileSync(join(folder, name)));
      return { name: basename(name, '.wav'), samples: channelData[0] };
    });
  });
}
