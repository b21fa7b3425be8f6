/** Child process of the crash test: replaces one model by another, for ever, and says so after each time. */
import { exportModel } from '../../src/train/export.js';
import { exportInfo, untrainedNet } from './trained-net.js';

const [folder] = process.argv.slice(2);
for (let seed = 1; ; seed++) {
  await exportModel(folder, untrainedNet(seed), exportInfo);
  process.stdout.write(`${seed}\n`);
}
