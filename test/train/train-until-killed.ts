/** Child process of the crash test: trains, writes a checkpoint after every step, and says how many steps are done. */
import { runJob } from '../../src/train/job.js';
import { longJob } from './long-job.js';

const [file, resume] = process.argv.slice(2);
runJob(longJob({ file, resume: resume === 'resume' }), {
  // Before the checkpoint of the step: the kill comes while it is being written, or about then.
  shouldStop: () => {
    process.stdout.write('step\n');
    return false;
  },
});
