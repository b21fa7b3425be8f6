/** What is said when a recording cannot be written on. */
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';

/** @param kept what is safe nevertheless, such as `the 12 messages written before are kept` */
export function diskFailure(path: string, cause: unknown, kept: string): UserError {
  const full = systemCodeOf(cause) === 'ENOSPC' || systemCodeOf(cause) === 'EDQUOT';
  return new UserError('DISK', `${path}: ${full ? 'the disk is full' : messageOf(cause)}; ${kept}`, {
    hint: full ? 'make room, or record to another disk' : 'check the disk',
    cause,
  });
}
