import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../src/config/config.js';
import { defineConfig } from '../src/config/load.js';
import { gatherReadings } from '../src/intake.js';
import { stageContext } from './support/stages.js';

const RATE_HZ = 8000;
/** More than it takes to see that there are no channels in it. */
const SECONDS = 300;

describe('gathering what can be learnt from', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-intake-'));
    await writeFile(join(folder, 'long.raw'), Buffer.alloc(SECONDS * RATE_HZ, 0x80));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Sound of which nobody takes features. */
  function soundAlone(files: string): Promise<Config> {
    const pcm = { format: 'u8', sampleRateHz: RATE_HZ };
    const source = { kind: 'audio-files', files, format: 'pcm', pcm };
    return defineConfig({ model: 'm', source, decide: { kind: 'voice' }, sinks: [] }, join(folder, 'test.yaml'));
  }

  it('ends with what is wrong, as soon as it is known', async () => {
    let taken = 0;
    const onPackets = (packets: readonly unknown[]): void => void (taken += packets.length);
    const gathering = gatherReadings(await soundAlone('long.raw'), {
      context: stageContext({ baseDir: folder }),
      onPackets,
    });
    await expect(gathering).rejects.toMatchObject({ name: 'UserError', code: 'DATA_TOO_SHORT' });
    expect(taken).toBeGreaterThanOrEqual(2000);
    expect(taken).toBeLessThan(10 * SECONDS);
  });

  it('says why the source cannot start', async () => {
    const gathering = gatherReadings(await soundAlone('absent.raw'), { context: stageContext({ baseDir: folder }) });
    await expect(gathering).rejects.toMatchObject({ name: 'UserError', code: 'DATA_MISSING' });
  });
});
