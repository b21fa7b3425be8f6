import type { KiokuEvent, SpeechEvent } from '../../src/core/events.js';
import { voiceKind } from '../../src/decide/voice.js';
import { speechDeciderContract, type SpeechRig } from '../contracts/speech-decider.contract.js';
import { emptyBatch } from '../contracts/feature.contract.js';
import { stageContext } from '../support/stages.js';

const WINDOW_US = 32_000;
const SLOTS = 3;
const PROBABILITIES = [0.05, 0.95, 0.8, 0.6, 0.4];

function rig(): SpeechRig {
  const options = voiceKind.schema.parse({ kind: 'voice', minSpeechMs: 96, minSilenceMs: 128 });
  const decider = voiceKind.create(options, {
    ...stageContext(),
    capacity: SLOTS,
    windowUs: WINDOW_US,
    originUs: () => 0,
    provider: 'test/cpu',
  });
  const events: SpeechEvent[] = [];
  const emit = (event: KiokuEvent): void => {
    if (event.type === 'incident' || event.type === 'score') throw new Error('not about speech');
    events.push(event);
  };
  for (let slot = 0; slot < SLOTS; slot++) decider.open(slot, `stream-${slot}`);
  const batch = emptyBatch(SLOTS, 1);
  return {
    decider,
    events,
    hear: (rows, us) => {
      batch.n = rows.length;
      rows.forEach(({ slot, gap }, i) => {
        batch.slot[i] = slot;
        batch.us[i] = us;
        batch.gap[i] = Number(gap);
      });
      decider.push(
        Float32Array.from(rows, ({ symbol }) => PROBABILITIES[symbol]),
        batch,
        emit,
      );
    },
    end: (slot, us) => decider.end(slot, us, emit),
  };
}

speechDeciderContract({ name: 'voice', make: rig, symbols: PROBABILITIES.length, stepUs: WINDOW_US });
