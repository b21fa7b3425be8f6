/** Child process of the crash test: learns a recogniser, a checkpoint after every step, and says how many steps are done. */
import { readFileSync } from 'node:fs';
import { learnFromManifests, type ManifestJob } from '../../../src/train/speech/manifest-job.js';

const job = JSON.parse(readFileSync(process.argv[2], 'utf8')) as ManifestJob;
await learnFromManifests(job, {
  // Before the checkpoint of the step: the kill comes while it is being written, or about then.
  shouldStop: () => {
    process.stdout.write('step\n');
    return false;
  },
});
