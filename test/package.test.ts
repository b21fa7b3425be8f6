import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './support/build.js';

/** npm unpacks ONNX Runtime (288 MB) and asks the registry. */
const INSTALL_MS = 300_000;

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string; files: string[] };
let folder = '';
let packed: Packed;

/** The line of the README that installs a tarball. */
function installLine(): string {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8');
  return /^npm install .*kioku-[\w.-]+\.tgz$/m.exec(readme)?.[0] ?? 'README.md has no line that installs a tarball';
}

/** Without the settings that `npm test` hands down from this repository: a user has none of them. */
const USER_ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

function run(command: string): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', env: USER_ENV });
  return { code: status, stdout, stderr };
}

/** Slow, but there is no other proof that what is published can be installed and started by somebody else. */
describe('the packed tarball', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kioku-package-'));
    // dist/ was built just now; without scripts it is not built again under the feet of other tests.
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const output = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    [packed] = JSON.parse(output) as [Packed];
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const installed = run(installLine());
    if (installed.code !== 0) throw new Error(`${installLine()} failed:\n${installed.stderr}`);
  }, INSTALL_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds what a user needs and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    const wanted = [
      'dist/cli/main.js',
      'dist/index.js',
      'dist/index.d.ts',
      'assets/report/page.js',
      'LICENSE',
      'README.md',
      'configs/host.yaml',
    ];
    expect(wanted.filter((path) => !paths.includes(path))).toEqual([]);
    const roots = new Set([...manifest.files, 'package.json', 'README.md', 'LICENSE']);
    expect(paths.filter((path) => !roots.has(path.split('/')[0]))).toEqual([]);
    // The sources that they point to are not in it.
    expect(paths.filter((path) => path.endsWith('.map'))).toEqual([]);
  });

  it('installs by the line of the README, without CUDA libraries', () => {
    expect(installLine()).toContain(packed.filename);
    const libraries = readdirSync(join(folder, 'node_modules/onnxruntime-node/bin'), {
      recursive: true,
      encoding: 'utf8',
    });
    expect(libraries.some((path) => path.includes('onnxruntime'))).toBe(true);
    expect(libraries.filter((path) => /cuda|tensorrt/i.test(path))).toEqual([]);
  });

  it('has the command', () => {
    expect(run('npx --no-install kioku --version')).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
    const check = run('npx --no-install kioku check node_modules/kioku/configs/host.yaml');
    expect(check).toMatchObject({ code: 0, stderr: '' });
  });

  it('runs the example of the README', () => {
    const readme = readFileSync(`${ROOT}README.md`, 'utf8');
    writeFileSync(
      join(folder, 'watch.mjs'),
      /^```js\n(.*?)^```$/ms.exec(readme)?.[1] ?? 'throw new Error("no example")',
    );
    const { code, stdout, stderr } = run('node watch.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // Learnt, and the pump that sticks from minute 2,600 to 2,700 is one incident that opens and ends.
    expect(stdout).toMatch(/^trained in \d/);
    expect(stdout.match(/ new /g)).toHaveLength(1);
    expect(stdout.match(/ end /g)).toHaveLength(1);
  });

  it('has the library', () => {
    const { code, stdout, stderr } = run(
      `node -e "import('kioku').then((all) => console.log(Object.keys(all).length))"`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(Number(stdout)).toBeGreaterThan(5);
  });
});
