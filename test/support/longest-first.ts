/**
 * The order in which files are run. Without the record of an earlier run, as on a fresh clone, vitest begins with the
 * largest files. The longest tests are in small ones: they began last, and one worker ended alone while the other had
 * nothing to do.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, in the order in which it begins: those that wait, beside those that compute. */
const LONGEST = [
  'cli/demo',
  'robustness/robustness',
  'e2e/plant',
  'cli/transcribe',
  'cli/train',
  'e2e/speech-parity',
  'e2e/beam-parity',
  'cli/train-recogniser',
  'cli/evaluate',
];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = super.sort.bind(this);
    const others = new Set(await usual(files));
    const longest = LONGEST.flatMap((name) => files.filter((file) => file.moduleId.endsWith(`/test/${name}.test.ts`)));
    for (const file of longest) others.delete(file);
    return [...longest, ...others];
  }
}
