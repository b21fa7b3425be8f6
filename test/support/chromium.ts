/** A page in a real browser, spoken to by the Chrome DevTools Protocol through a pipe. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const LONGEST_MS = 60_000;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly message: string };
}

interface Answer {
  readonly resolve: (result: NonNullable<Message['result']>) => void;
  readonly reject: (error: Error) => void;
}

/** One page of one browser. Of its console errors are kept, exceptions, and what the content security policy refused. */
export class Browser {
  readonly complaints: string[] = [];
  readonly #answers = new Map<number, Answer>();
  readonly #out: Writable;
  #last = 0;
  #rest = '';
  #session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
  ) {
    this.#out = child.stdio[3] as Writable;
    const answers = child.stdio[4] as Readable;
    answers.setEncoding('utf8').on('data', (text: string) => this.#take(text));
  }

  /** @param size of the window, px */
  static async open(path: string, size: { readonly width: number; readonly height: number }): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'kioku-chromium-'));
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe'];
    const args = [...flags, `--window-size=${size.width},${size.height}`, `--user-data-dir=${profile}`];
    const child = spawn('chromium', args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // A test that is over by its own limit leaves none behind.
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    const browser = new Browser(child, profile);
    const { targetId } = await browser.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.call('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = String(sessionId);
    for (const domain of ['Runtime', 'Log', 'Page']) await browser.call(`${domain}.enable`);
    await browser.call('Page.navigate', { url: pathToFileURL(path).href });
    await browser.until(`document.readyState === 'complete' && location.protocol === 'file:'`);
    return browser;
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async call(method: string, params: object = {}): Promise<NonNullable<Message['result']>> {
    const id = ++this.#last;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#out.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  /** @returns the value of an expression in the page, or of the promise that it is */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value?: unknown }).value;
  }

  /** Resolves when the expression is true in the page; it is looked at before every frame. */
  async until(expression: string): Promise<void> {
    const look = `const look = () => ((${expression}) ? done(true) : requestAnimationFrame(look)); look();`;
    await this.evaluate(`new Promise((done) => { ${look} })`);
  }

  /** Presses a key on what has the focus. */
  async press(key: string): Promise<void> {
    await this.call('Input.dispatchKeyEvent', { type: 'keyDown', key });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', key });
  }

  #take(text: string): void {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop() ?? '';
    for (const message of messages) this.#hear(JSON.parse(message) as Message);
  }

  #hear({ id, method, params = {}, result = {}, error }: Message): void {
    if (id !== undefined) {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error === undefined) answer?.resolve(result);
      else answer?.reject(new Error(error.message));
    } else if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params['exceptionDetails']));
    else if (method === 'Log.entryAdded') this.complaints.push(JSON.stringify(params['entry']));
    else if (method === 'Runtime.consoleAPICalled') this.complaints.push(JSON.stringify(params['args']));
  }
}
