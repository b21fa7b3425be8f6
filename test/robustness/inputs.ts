/** Everything that reads what comes from outside, but for the nets. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import type { Decoder, Packet, Source } from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import { silentLog } from '../../src/core/log.js';
import type { SourceContext, StageContext } from '../../src/core/kind.js';
import { jsonKind } from '../../src/decode/json.js';
import { numberKind } from '../../src/decode/number.js';
import { pcmKind } from '../../src/decode/pcm.js';
import { wavKind } from '../../src/decode/wav.js';
import { readModelInfo } from '../../src/onnx/reader.js';
import { audioFilesKind } from '../../src/source/audio-files.js';
import { replayKind } from '../../src/source/replay.js';
import { readCard } from '../../src/step/card-file.js';
import { readTokens } from '../../src/step/recogniser/tokens-file.js';
import { decodeSnapshot, encodeSnapshot } from '../../src/step/snapshot.js';
import { cut, packetsOf } from '../support/audio.js';
import { openTestLane, readings } from '../support/lanes.js';
import { packetOf } from '../support/readings.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';
import { pcmOf, tone } from '../support/wav.js';
import type { Dice } from './dice.js';
import { mutateModel } from './model-mutation.js';
import { mutate } from './mutation.js';
import { CONFIG_SEEDS, CSV_SEEDS, JSON_SEEDS, JSONL_SEEDS, TOKEN_SEEDS, WAV_SEEDS } from './seeds.js';
import { mutateText } from './value-mutation.js';
import type { MakeTarget, Target } from './target.js';

const HOSTILE_NUMBERS = [0, -0, -1, 0.5, 1e300, -1e300, Number.MAX_SAFE_INTEGER, NaN, Infinity, -Infinity, 1e-320];

function stage(counters: Counters, baseDir = '/'): StageContext {
  return { name: 'robust', baseDir, counters, log: silentLog };
}

/** An empty array of readings says nothing, which is neither right nor wrong. */
function saysNothing(bytes: Uint8Array): boolean {
  return /^[[\]\s]*$/.test(Buffer.from(bytes).toString());
}

function sumOf(counters: Counters): number {
  return Object.values(counters.toJSON()).reduce((sum, n) => sum + n, 0);
}

/** @param packets of one stream, made of the damaged bytes */
function decoderTarget(
  seeds: readonly Uint8Array[],
  make: (context: StageContext) => Decoder,
  packets: (bytes: Uint8Array, dice: Dice) => readonly Packet[],
): MakeTarget {
  return () =>
    Promise.resolve({
      attempt: (dice) => {
        const counters = new Counters();
        const decoder = make(stage(counters));
        const seed = dice.pick(seeds);
        // A decoder may expect that messages stay as the first one was.
        if (dice.chance(0.5)) for (const packet of packets(seed, dice)) decoder.decode(packet, () => {});
        const before = sumOf(counters);
        const bytes = mutateText(seed, dice);
        let frames = 0;
        for (const packet of packets(bytes, dice)) {
          decoder.decode(packet, ({ data }) => {
            if (!data.every(Number.isFinite)) throw new Error('a frame holds what is no number');
            frames++;
          });
        }
        if (frames > 0) return Promise.resolve('accepted');
        if (sumOf(counters) === before && !saysNothing(bytes)) throw new Error('neither decoded nor counted');
        return Promise.resolve('dropped');
      },
    });
}

function message(bytes: Uint8Array): readonly Packet[] {
  return [packetOf(bytes, { channel: 'a' }), packetOf(bytes)];
}

/** In up to three pieces. */
function pieces(bytes: Uint8Array, dice: Dice): readonly Packet[] {
  const places = Array.from({ length: dice.below(3) }, () => dice.below(bytes.length + 1));
  return packetsOf(cut(bytes, places));
}

/** A source over a damaged file, read to its end. */
function fileTarget(
  seeds: readonly Uint8Array[],
  file: string,
  make: (file: string, context: SourceContext) => Source,
): MakeTarget {
  return (folder) =>
    Promise.resolve({
      async attempt(dice) {
        await writeFile(join(folder, file), mutateText(dice.pick(seeds), dice));
        const counters = new Counters();
        const source = make(file, { ...stage(counters, folder), index: 0 });
        let packets = 0;
        const over = new Promise<void>((complete, error) => {
          source.packets.subscribe({ next: (batch) => void (packets += batch.length), error, complete });
        });
        // An error may come before anybody waits for it.
        over.catch(() => {});
        source.credit(1e9);
        try {
          await source.start(new AbortController().signal);
          await over;
        } finally {
          await source.stop();
        }
        return packets > 0 ? 'accepted' : 'dropped';
      },
    });
}

const card: MakeTarget = async (folder) => {
  const model = kiokuModel(GRU);
  await writeModel(folder, model);
  const seed = Buffer.from(JSON.stringify(model.card));
  return {
    async attempt(dice) {
      await writeFile(join(folder, 'model.json'), mutateText(seed, dice));
      await readCard(folder);
      // What was accepted has to work.
      const lane = await openTestLane(folder, { maxStreams: 2 });
      lane.push(readings(['a'], 60, 55));
      lane.turn();
      lane.close();
      return 'accepted';
    },
  };
};

const snapshot: MakeTarget = async (folder) => {
  await writeModel(folder, kiokuModel({ ...GRU, inputs: 2, channels: 2 }));
  const lane = await openTestLane(folder, { maxStreams: 4 });
  lane.push(readings(['a', 'b'], 80, 60));
  lane.turn();
  const seeds = ['a', 'b'].map((stream) => lane.snapshot(stream));
  return {
    attempt(dice) {
      const seed = dice.pick(seeds);
      // The checksum finds what is damaged by accident; the other half is damaged before it is made.
      const bytes = dice.chance(0.5)
        ? mutate(encodeSnapshot(seed), dice)
        : encodeSnapshot({
            ...seed,
            parts: new Map([...seed.parts].map(([name, part]) => [name, damaged(part, dice)])),
          });
      const decoded = decodeSnapshot(bytes);
      if (lane.streams.includes(decoded.stream)) lane.evict(decoded.stream);
      lane.restore(decoded);
      // What was accepted has to work.
      lane.push(readings([decoded.stream], 3, 0));
      lane.turn();
      lane.evict(decoded.stream);
      return Promise.resolve('accepted');
    },
  };
};

/** Other bytes, or well-formed numbers that no stage would have written. */
function damaged(part: Uint8Array, dice: Dice): Uint8Array {
  if (dice.chance(0.5)) return part;
  if (dice.chance(0.2)) return mutate(part, dice);
  const numbers = Uint8Array.from(part);
  const view = new DataView(numbers.buffer);
  for (let n = 1 + dice.below(4); n > 0 && numbers.length > 8; n--) {
    view.setFloat64(1 + 8 * dice.below((numbers.length - 1) >> 3), dice.pick(HOSTILE_NUMBERS), true);
  }
  return numbers;
}

function textTarget(seeds: readonly Uint8Array[], file: string, read: (path: string) => Promise<unknown>): MakeTarget {
  return (folder) =>
    Promise.resolve({
      async attempt(dice) {
        const path = join(folder, file);
        await writeFile(path, mutate(dice.pick(seeds), dice));
        await read(path);
        return 'accepted';
      },
    });
}

const config: MakeTarget = () => {
  const seeds = CONFIG_SEEDS.flatMap((yaml) => [yaml, Buffer.from(JSON.stringify(parse(yaml.toString())))]);
  const target: Target = {
    async attempt(dice) {
      const config = await parseConfig(
        Buffer.from(mutateText(dice.pick(seeds), dice)).toString(),
        '/etc/kioku/hall.yaml',
        'hall.yaml',
      );
      // What was accepted can be made; nothing is started.
      const context = stage(new Counters());
      config.source.create({ ...context, index: 0 });
      config.decode.create(context);
      config.extract?.create({ ...context, maxStreams: 4 });
      for (const sink of config.sinks) sink.create(context);
      return 'accepted';
    },
  };
  return Promise.resolve(target);
};

const onnx: MakeTarget = (folder) => {
  const seed = kiokuModel(GRU).onnx;
  return Promise.resolve({
    async attempt(dice) {
      const path = join(folder, 'model.onnx');
      await writeFile(path, dice.chance(0.5) ? mutate(seed, dice) : mutateModel(seed, dice));
      await readModelInfo(path);
      return 'accepted';
    },
  });
};

const decode = { json: jsonKind, number: numberKind, wav: wavKind, pcm: pcmKind } as const;

export const INPUTS: Readonly<Record<string, MakeTarget>> = {
  json: decoderTarget(JSON_SEEDS, (c) => decode.json.create(decode.json.schema.parse({ kind: 'json' }), c), message),
  number: decoderTarget(
    [Buffer.from('21.5'), Buffer.from(' -3e-7 °C')],
    (c) => decode.number.create(decode.number.schema.parse({ kind: 'number' }), c),
    message,
  ),
  wav: decoderTarget(WAV_SEEDS, (c) => decode.wav.create(decode.wav.schema.parse({ kind: 'wav' }), c), pieces),
  pcm: decoderTarget(
    [pcmOf(tone(3000), 'f32le')],
    (c) => decode.pcm.create(decode.pcm.schema.parse({ kind: 'pcm', format: 'f32le' }), c),
    pieces,
  ),
  config,
  card,
  snapshot,
  tokens: textTarget(TOKEN_SEEDS, 'tokens.txt', readTokens),
  'wav-file': fileTarget(WAV_SEEDS, 'sound.wav', (file, context) =>
    audioFilesKind.create(audioFilesKind.schema.parse({ kind: 'audio-files', files: file }), context),
  ),
  csv: fileTarget(CSV_SEEDS, 'table.csv', (file, context) =>
    replayKind.create(replayKind.schema.parse({ kind: 'replay', files: file, topic: '{device}/{channel}' }), context),
  ),
  jsonl: fileTarget(JSONL_SEEDS, 'lines.jsonl', (file, context) =>
    replayKind.create(replayKind.schema.parse({ kind: 'replay', files: file, topic: '{device}/{channel}' }), context),
  ),
  onnx,
};
