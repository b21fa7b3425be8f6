/** `kioku demo listen` with a recogniser and a sample of a test: argv is the options and the folders, each as JSON. */
import { Io } from '../../src/cli/output.js';
import { type ListenFiles, type ListenOptions, runListenDemo } from '../../src/cli/demo/listen.js';

const [options, files] = process.argv.slice(2);
const io = new Io();
const release = io.handleSignals();
const wanted = JSON.parse(options) as ListenOptions;
const result = await runListenDemo(wanted, io, JSON.parse(files) as ListenFiles);
if (wanted.json) io.printJson(result);
release();
