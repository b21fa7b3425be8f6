/** Which files of a folder are the recogniser: by their names, as icefall and sherpa-onnx give them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf, UserError } from '../../core/errors.js';
import type { Precision } from '../../core/recogniser.js';

export interface RecogniserFiles {
  readonly folder: string;
  /** The net that hears: a transducer's encoder, or the whole of a CTC model. */
  readonly encoder: string;
  readonly decoder?: string;
  readonly joiner?: string;
  readonly tokens: string;
}

type Role = 'encoder' | 'decoder' | 'joiner';

const TOKENS = 'tokens.txt';

/** The decoder is tiny: quantised it loses accuracy and gains nothing, so its fp32 file goes before. */
const PREFERENCES: Readonly<Record<Precision, Readonly<Record<Role, readonly ('fp32' | 'int8')[]>>>> = {
  auto: { encoder: ['int8', 'fp32'], decoder: ['fp32', 'int8'], joiner: ['int8', 'fp32'] },
  fp32: { encoder: ['fp32'], decoder: ['fp32'], joiner: ['fp32'] },
  int8: { encoder: ['int8'], decoder: ['fp32', 'int8'], joiner: ['int8'] },
};

const CHECKPOINT = /\.(pt|pth|ckpt)$/i;

const MOST_LISTED = 20;

/**
 * @param folder holds the files themselves; folders in it are not looked into
 * @throws UserError `MODEL_MISSING` that says which files were expected and which are there
 */
export async function findRecogniserFiles(folder: string, precision: Precision): Promise<RecogniserFiles> {
  const names = await listFiles(folder);
  const onnx = names.filter((name) => name.endsWith('.onnx'));
  const checkpoint = names.find((name) => CHECKPOINT.test(name));
  if (onnx.length === 0 && checkpoint !== undefined) throw notExported(join(folder, checkpoint));
  const choose = (role: Role): string | undefined => chooseFile(folder, role, precision, onnx);
  const encoder = choose('encoder');
  const decoder = choose('decoder');
  const joiner = choose('joiner');
  const missing: string[] = [];
  const isTransducer = decoder !== undefined || joiner !== undefined;
  if (encoder === undefined) missing.push(expected(isTransducer ? 'encoder' : 'model', precision));
  if (isTransducer && decoder === undefined) missing.push(expected('decoder', precision));
  if (isTransducer && joiner === undefined) missing.push(expected('joiner', precision));
  if (!names.includes(TOKENS)) missing.push(TOKENS);
  if (encoder === undefined || missing.length > 0) throw incomplete(folder, missing, names);
  return { folder, encoder, ...(decoder && { decoder }), ...(joiner && { joiner }), tokens: join(folder, TOKENS) };
}

/** The error for an encoder of a transducer that stands alone. */
export async function withoutDecoder({ folder }: RecogniserFiles): Promise<UserError> {
  return incomplete(folder, ['decoder*.onnx', 'joiner*.onnx'], await listFiles(folder));
}

function expected(part: string, precision: Precision): string {
  return precision === 'int8' && part !== 'decoder' ? `${part}*.int8.onnx` : `${part}*.onnx`;
}

function roleOf(name: string): Role {
  if (/decoder/i.test(name)) return 'decoder';
  return /joiner/i.test(name) ? 'joiner' : 'encoder';
}

/** @throws UserError `MODEL_MISSING` when several files would do */
function chooseFile(folder: string, role: Role, precision: Precision, onnx: readonly string[]): string | undefined {
  const all = onnx.filter((name) => roleOf(name) === role);
  // A CTC model may have any name, as long as it is the only one; usually it says what it is.
  const named = all.filter((name) => role !== 'encoder' || /encoder|ctc|model/i.test(name));
  const candidates = named.length > 0 ? named : all;
  for (const kind of PREFERENCES[precision][role]) {
    const [first, ...others] = candidates.filter((name) => /int8/i.test(name) === (kind === 'int8'));
    if (others.length > 0) {
      throw new UserError(
        'MODEL_MISSING',
        `${folder} holds several nets of one kind: ${[first, ...others].join(', ')}`,
        {
          hint: 'keep one model a folder: move the others away',
        },
      );
    }
    if (first !== undefined) return join(folder, first);
  }
  return undefined;
}

async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .toSorted();
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOTDIR' && CHECKPOINT.test(folder)) throw notExported(folder);
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'does not exist',
      ENOTDIR: 'is a file; the folder that holds the model is wanted',
    };
    const reason = reasons[systemCodeOf(cause) ?? ''] ?? `cannot be read: ${messageOf(cause)}`;
    throw new UserError('MODEL_MISSING', `${folder} ${reason}`, { hint: PULL_HINT, cause });
  }
}

const PULL_HINT =
  'download a model with `kioku models pull NAME` (`kioku models list` has the names), or correct the path';

function incomplete(folder: string, missing: readonly string[], found: readonly string[]): UserError {
  const listed = found.length > MOST_LISTED ? [...found.slice(0, MOST_LISTED), '…'] : found;
  return new UserError(
    'MODEL_MISSING',
    `${folder} holds no complete recogniser: ${missing.join(', ')} missing (a transducer is encoder*.onnx, ` +
      `decoder*.onnx, joiner*.onnx and ${TOKENS}; a CTC model is model*.onnx and ${TOKENS}); ` +
      `found: ${listed.join(', ') || 'nothing'}`,
    { hint: PULL_HINT },
  );
}

function notExported(checkpoint: string): UserError {
  return new UserError('MODEL_MISSING', `${checkpoint} is a PyTorch checkpoint; kioku runs ONNX files`, {
    hint:
      'export it in icefall, in the recipe that trained it: `lstm_transducer_stateless2/export-onnx.py`, ' +
      '`zipformer/export-onnx-streaming.py` or `zipformer/export-onnx-streaming-ctc.py`; then put the .onnx files and ' +
      'tokens.txt into the folder',
  });
}
