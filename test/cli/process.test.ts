import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ROOT } from '../support/build.js';

/** Runs a piece of JavaScript beside the compiled command line. */
function script(code: string): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: `${ROOT}dist/cli`,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

it.each(['SIGINT', 'SIGTERM'] as const)('the first %s asks to end, of the second the process dies', async (signal) => {
  const { child, output } = script(`
    import { Io } from './output.js';
    const io = new Io();
    io.handleSignals();
    io.signal.addEventListener('abort', () => io.print('asked'));
    setInterval(() => {}, 1000);
    io.print('ready');`);
  const closed = once(child, 'close');
  await once(child.stdout ?? child, 'data');
  child.kill(signal);
  await once(child.stdout ?? child, 'data');
  child.kill(signal);
  expect(await closed).toEqual([null, signal]);
  expect(output()).toBe('ready\nasked\n');
});

it('the log is JSON lines on stderr, of the level that was asked for, without secrets', async () => {
  const { child, output } = script(`
    import { createLog } from './log.js';
    const log = createLog('info');
    log.debug({}, 'too much');
    log.info({ password: 'hunter2', broker: { url: 'mqtt://h', token: 'hunter2' } }, 'connected');`);
  await once(child, 'close');
  expect(output()).not.toContain('hunter2');
  expect(JSON.parse(output())).toMatchObject({
    level: 30,
    msg: 'connected',
    password: '[hidden]',
    broker: { url: 'mqtt://h', token: '[hidden]' },
  });
});
