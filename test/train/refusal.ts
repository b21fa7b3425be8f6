/** What a checkpoint that is not of this training is refused with. */
import { expect } from 'vitest';

export function refusal(message: RegExp): object {
  return expect.objectContaining({
    name: 'UserError',
    code: 'SNAPSHOT_INVALID',
    message: expect.stringMatching(message) as string,
  }) as object;
}
