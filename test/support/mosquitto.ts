/** Debian's mosquitto on a free port, with a configuration of its own; ended with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { needsProgram, PATH_WITH_SBIN } from './needs.js';

export interface MosquittoOptions {
  /** Sessions and their messages survive SIGTERM. */
  readonly persistence?: boolean;
  /** Further lines of mosquitto.conf. */
  readonly lines?: readonly string[];
  /** Files to write into its folder before it starts: name → content. Lines may refer to them by `{dir}`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Called when they are written. */
  readonly prepare?: (dir: string) => void;
  /** `mqtts` when the lines ask for TLS. */
  readonly scheme?: 'mqtt' | 'mqtts';
}

export class Mosquitto {
  #child: ChildProcess | undefined;

  private constructor(
    readonly dir: string,
    readonly port: number,
    readonly scheme: string,
  ) {}

  /** Skips the running test where mosquitto is not installed. */
  static async start(ctx: TestContext, options: MosquittoOptions = {}): Promise<Mosquitto> {
    needsProgram(ctx, 'mosquitto');
    const dir = mkdtempSync(join(tmpdir(), 'kioku-mosquitto-'));
    // As root, mosquitto becomes the user mosquitto and must still write here.
    chmodSync(dir, 0o777);
    const mosquitto = new Mosquitto(dir, await freePort(), options.scheme ?? 'mqtt');
    ctx.onTestFinished(async () => {
      await mosquitto.stop();
      rmSync(dir, { recursive: true, force: true });
    });
    for (const [name, content] of Object.entries(options.files ?? {})) {
      writeFileSync(join(dir, name), content);
      chmodSync(join(dir, name), 0o644);
    }
    options.prepare?.(dir);
    const lines = [
      'per_listener_settings false',
      'max_queued_messages 0',
      ...(options.persistence === true ? ['persistence true', `persistence_location ${dir}/`] : []),
      `listener ${mosquitto.port} 127.0.0.1`,
      ...(options.lines ?? ['allow_anonymous true']),
    ];
    writeFileSync(join(dir, 'mosquitto.conf'), `${lines.join('\n').replaceAll('{dir}', dir)}\n`);
    await mosquitto.launch();
    return mosquitto;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  /** Starts it (again) and resolves when it takes connections. */
  async launch(): Promise<void> {
    const child = spawn('mosquitto', ['-c', join(this.dir, 'mosquitto.conf')], {
      env: { PATH: PATH_WITH_SBIN },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** SIGTERM (what it keeps is written), and wait for its end. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
