/** What a stream remembers, collected from the stages of its lane and put back. */
import type { PerSlot, Slot } from './core/contracts.js';
import { UserError } from './core/errors.js';
import type { Snapshot } from './core/snapshot.js';

/** Stages of a lane under the names that they have in a snapshot; of an optional one it may have nothing. */
export type NamedStages = readonly (readonly [name: string, stage: PerSlot, optional?: 'optional'])[];

export function saveStages(stages: NamedStages, slot: Slot): Map<string, Uint8Array> {
  return new Map(stages.map(([name, stage]) => [name, stage.save(slot)]));
}

/** @throws UserError `SNAPSHOT_INVALID` when a part is missing or of another form; then the slot must not be used */
export function loadStages(
  stages: NamedStages,
  slot: Slot,
  { stream, parts }: Pick<Snapshot, 'stream' | 'parts'>,
): void {
  for (const [name, stage, optional] of stages) {
    const bytes = parts.get(name);
    if (bytes === undefined && optional !== undefined) continue;
    if (bytes === undefined) {
      throw new UserError('SNAPSHOT_INVALID', `the saved state of '${stream}' has no part '${name}'`, {
        hint: 'delete the saved state; the stream starts anew',
      });
    }
    stage.load(slot, bytes);
  }
}
