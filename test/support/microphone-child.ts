/** A process to be killed: records a microphone. Argument: its options. Prints the process id of the program that records. */
import { Counters } from '../../src/core/counters.js';
import { silentLog } from '../../src/core/log.js';
import { microphoneKind } from '../../src/source/microphone.js';

const source = microphoneKind.create(microphoneKind.schema.parse(JSON.parse(process.argv[2] ?? '')), {
  name: 'child',
  baseDir: '/',
  index: 0,
  counters: new Counters(),
  log: { ...silentLog, debug: ({ pid }) => pid !== undefined && console.log(pid) },
});
await source.start(new AbortController().signal);
