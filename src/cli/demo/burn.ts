/** Keeps CPU cores busy for a while, from processes of their own, as a runaway program would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends by itself: nothing burns on if this process is killed. */
const BUSY_LOOP = 'const end = Date.now() + Number(process.argv[1]); while (Date.now() < end);';

/**
 * Resolves when all processes have ended, or soon after `signal` was aborted.
 * @param cores processes to start, ≥ 1
 * @param ms how long each runs
 */
export async function burnCpu(cores: number, ms: number, signal: AbortSignal): Promise<void> {
  const children: ChildProcess[] = [];
  for (let i = 0; i < cores; i++) {
    children.push(spawn(process.execPath, ['-e', BUSY_LOOP, String(ms)], { stdio: 'ignore' }));
  }
  const kill = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    await Promise.all(children.map((child) => once(child, 'close')));
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
