/** What is said about a file that cannot be read. */
import { messageOf, UserError } from '../core/errors.js';

export function unreadable(path: string, cause: unknown): UserError {
  return new UserError('DATA_MISSING', `cannot read ${path}: ${messageOf(cause)}`, {
    hint: 'check the name of the file, which starts at the folder of the configuration, and who may read it',
    cause,
  });
}
