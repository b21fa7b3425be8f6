/** Listening to a configuration's source, with a bar, until there is enough to learn from. */
import type { Config } from '../config/config.js';
import { counted } from '../core/counted.js';
import type { StageContext } from '../core/kind.js';
import type { Gathered } from '../gather.js';
import { gatherReadings } from '../intake.js';
import { ListeningBar } from './listening-bar.js';
import type { Io } from './output.js';

export interface ListenAndAlignOptions {
  /** Absent: until the source has no more. */
  readonly forMs?: number;
  readonly io: Io;
}

/** @throws UserError when the source cannot start, or `DATA_TOO_SHORT` when nothing came */
export async function listenAndAlign(
  config: Config,
  context: StageContext,
  { forMs, io }: ListenAndAlignOptions,
): Promise<Gathered> {
  const bar = new ListeningBar(io, forMs);
  try {
    return await gatherReadings(config, {
      context,
      signal: io.signal,
      ...(forMs === undefined ? {} : { forMs }),
      onPackets: (packets) => bar.update(packets.length),
    });
  } finally {
    bar.stop();
    if (forMs !== undefined) io.note(`heard ${counted(bar.messages, 'message')}`);
  }
}
