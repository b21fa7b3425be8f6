/** A throwaway certificate authority with a server (127.0.0.1) and a client certificate, made by openssl. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { needsProgram } from './needs.js';

export const CERTIFICATE_FILES = ['ca.crt', 'server.crt', 'server.key', 'client.crt', 'client.key'] as const;

/** @returns the folder with `CERTIFICATE_FILES`; removed with the test */
export function makeCertificates(ctx: TestContext): string {
  needsProgram(ctx, 'openssl');
  const dir = mkdtempSync(join(tmpdir(), 'kioku-certificates-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=kioku test CA', '-keyout', 'ca.key', '-out', 'ca.crt');
  writeFileSync(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1');
  for (const who of ['server', 'client']) {
    openssl('req', ...newKey, '-subj', `/CN=${who}`, '-keyout', `${who}.key`, '-out', `${who}.csr`);
    const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl('x509', '-req', '-days', '2', '-in', `${who}.csr`, ...ca, '-extfile', 'names', '-out', `${who}.crt`);
  }
  for (const file of CERTIFICATE_FILES) chmodSync(join(dir, file), 0o644);
  return dir;
}

/** The content of every file, for `MosquittoOptions.files`. */
export function certificateContents(dir: string): Record<string, string> {
  return Object.fromEntries(CERTIFICATE_FILES.map((file) => [file, readFileSync(join(dir, file), 'utf8')]));
}
