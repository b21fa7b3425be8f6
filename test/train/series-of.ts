/** Series and sequences as plain arrays, to write tests with. */
import type { Rows } from '../../src/train/row-block.js';
import { SeriesCollector, type Series } from '../../src/train/series.js';
import type { MeasuredSequence, Sequence, SequenceInMemory } from '../../src/train/sequence.js';

export type Columns = Omit<Rows, 'n'>;

/** Gathers the rows one by one, as an aligner gives them. */
export function seriesOf({ stream, us, values, mask, starts }: Columns & { readonly stream: string }): Series {
  const channels = values.length / us.length;
  const stepUs = us.length > 1 ? us[1] - us[0] : 1;
  const names = Array.from({ length: channels }, (_, c) => `c${c}`);
  const collector = new SeriesCollector(channels, stepUs);
  us.forEach((at, row) => {
    const cells = [row * channels, (row + 1) * channels] as const;
    collector.push({
      stream,
      source: 0,
      seq: row,
      us: at,
      arrivedUs: at,
      signal: { kind: 'channels', names, stepUs },
      data: values.subarray(...cells),
      mask: mask.subarray(...cells),
      ...(starts[row] === 1 ? { mark: 'gap' as const } : {}),
    });
  });
  return collector.finish()[0];
}

/** All rows of a series, copied. */
export function columnsOf(series: Series): Columns {
  const pieces = [...series.pieces()];
  const all = (column: keyof Columns): number[] => pieces.flatMap((piece) => Array.from(piece[column]));
  return {
    us: Float64Array.from(all('us')),
    values: Float64Array.from(all('values')),
    mask: Uint8Array.from(all('mask')),
    starts: Uint8Array.from(all('starts')),
  };
}

/** The sequence with its arrays. @throws when it is in a file */
export function inMemory<S extends Sequence | MeasuredSequence>(sequence: S): S & SequenceInMemory {
  if (!isInMemory(sequence)) throw new Error('the sequence is in a file');
  return sequence;
}

function isInMemory<S extends Sequence>(sequence: S): sequence is S & SequenceInMemory {
  return 'x' in sequence;
}
