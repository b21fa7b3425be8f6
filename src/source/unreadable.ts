/** What is said about a file that cannot be read. */
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';

export function unreadable(path: string, cause: unknown): UserError {
  if (systemCodeOf(cause) === 'ENOENT') {
    return new UserError('DATA_MISSING', `there is no file ${path}`, {
      hint: 'check the name; in a configuration it starts at the folder of that configuration',
      cause,
    });
  }
  if (systemCodeOf(cause) === 'EISDIR') {
    return new UserError('DATA_MISSING', `${path} is a folder`, { hint: 'name the files in it', cause });
  }
  return new UserError('DATA_MISSING', `cannot read ${path}: ${messageOf(cause)}`, {
    hint: 'check what it is, and who may read it',
    cause,
  });
}
