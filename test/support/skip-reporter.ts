/**
 * Says which tests did not run and why, and ends with one line of totals. A skipped test proves nothing, so with
 * KIOKU_FAIL_ON_SKIP=1 it fails the run, except where it needs `../shared`, which is not part of the repository.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const EXCUSED = /\.\.\/shared\b/;

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const test of tests) count[test.result().state]++;
    const broken = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const unexcused = skipped.filter((test) => !EXCUSED.test(reasonOf(test)));
    for (const test of skipped) {
      process.stdout.write(`skipped: ${test.module.relativeModuleId} > ${test.fullName}: ${reasonOf(test)}\n`);
    }
    if (unexcused.length > 0 && process.env['KIOKU_FAIL_ON_SKIP'] === '1') {
      process.stdout.write(`${unexcused.length} skipped for a reason that this machine can mend\n`);
      process.exitCode = 1;
    }
    process.stdout.write(
      `${count.passed} passed, ${count.failed + broken} failed, ${count.skipped + count.pending} skipped\n`,
    );
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
}
