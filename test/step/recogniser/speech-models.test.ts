/** The synthetic recognisers are worth comparing with: they are not silent, not monotonous, and every state matters. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecogniserModel } from '../../../src/core/recogniser.js';
import { openRecogniserFiles } from '../../../src/step/recogniser/open.js';
import { hearByHand } from '../../support/recogniser-by-hand.js';
import { needsSherpa, sherpaRecognise } from '../../support/sherpa.js';
import { sharedSpeech } from '../../support/speech.js';
import {
  writeLstmTransducer,
  writeZipformer2Ctc,
  writeZipformer2Transducer,
} from '../../support/speech-models/models.js';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-speech-models-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe.each([
  ['LSTM transducer', writeLstmTransducer],
  ['Zipformer2 transducer', writeZipformer2Transducer],
  ['Zipformer2 CTC', writeZipformer2Ctc],
])('the synthetic %s', (name, write) => {
  let model: RecogniserModel;

  beforeAll(async () => {
    model = await openRecogniserFiles(await write(join(folder, name)));
  });

  it('hears speech in 20 to 80 % of the frames, as at least 30 different tokens', (ctx) => {
    const heard = sharedSpeech(ctx).map(({ samples }) => hearByHand(model, samples));
    const ids = heard.flatMap((recording) => recording.ids);
    const blanks = ids.filter((id) => id === model.blank || (model.kind === 'transducer' && id === model.unknown));
    expect(blanks.length / ids.length).toBeGreaterThan(0.2);
    expect(blanks.length / ids.length).toBeLessThan(0.8);
    expect(new Set(heard.flatMap(({ tokens }) => tokens)).size).toBeGreaterThanOrEqual(30);
  });

  it('says something else as soon as any one state is not carried on', (ctx) => {
    const [, , , recording] = sharedSpeech(ctx);
    const { tokens } = hearByHand(model, recording.samples);
    expect(model.encoder.states.length).toBeGreaterThanOrEqual(2);
    const idle = model.encoder.states.filter((state) => {
      const without = hearByHand(model, recording.samples, state.name);
      return without.tokens.join() === tokens.join();
    });
    expect(idle.map((state) => state.name)).toEqual([]);
  });

  it('loads in sherpa-onnx and says the same there, at the same times', async (ctx) => {
    needsSherpa(ctx);
    const recordings = sharedSpeech(ctx);
    const utterances = recordings.map(({ samples }) => samples);
    const peers = await sherpaRecognise(model, utterances, { feedSamples: 1600 });
    const theirs = peers.map(({ segments: [segment] }) => ({
      text: segment.tokens,
      frames: segment.timestamps.map((seconds) => Math.round(seconds / 0.04)),
    }));
    const ours = utterances.map((samples) => hearByHand(model, samples));
    const text = (ids: readonly number[]): string[] => ids.map((id) => model.tokens.symbol(id).replace('▁', ' '));
    expect(theirs).toEqual(ours.map(({ tokens, frames }) => ({ text: text(tokens), frames })));
  });
});
