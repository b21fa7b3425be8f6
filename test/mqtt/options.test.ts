import { expect, it } from 'vitest';
import { z } from 'zod';
import { checkConnection, connectionShape } from '../../src/mqtt/options.js';

const schema = z.strictObject(connectionShape).superRefine(checkConnection);

function faults(options: Record<string, unknown>): string[] {
  const result = schema.safeParse({ url: 'mqtt://localhost', ...options });
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
}

it('needs no more than an address', () => {
  expect(schema.parse({ url: 'mqtt://localhost' })).toEqual({
    url: 'mqtt://localhost',
    protocolVersion: 5,
    sessionExpirySeconds: 3600,
    keepAliveSeconds: 30,
    connectTimeoutMs: 10_000,
    reconnectMaxMs: 30_000,
  });
});

it.each(['localhost', 'http://localhost', 'mqtt://', ''])('refuses the address %j', (url) => {
  expect(faults({ url })).toHaveLength(1);
});

it('refuses a login in the address, without repeating it', () => {
  const [fault, ...more] = faults({ url: 'mqtt://ann:sesame@localhost' });
  expect(fault).toMatch(/^url .*secrets only by reference/);
  expect(fault).not.toMatch(/ann|sesame/);
  expect(more).toEqual([]);
});

it.each([
  [{ password: 'sesame' }, /password/],
  [{ passwordFile: 'f' }, /^passwordFile needs a username/],
  [{ username: 'ann', passwordFile: 'f', passwordEnv: 'E' }, /^passwordEnv .* beside passwordFile/],
  [{ url: 'mqtts://h', cert: 'c' }, /^cert needs key/],
  [{ url: 'mqtts://h', key: 'k' }, /^key needs cert/],
  [{ ca: 'c' }, /^ca needs an address with TLS/],
  [{ statusTopic: 'a/#' }, /^statusTopic/],
  [{ protocolVersion: 3 }, /^protocolVersion/],
])('refuses %j', (options, reason) => {
  expect(faults(options)).toEqual([expect.stringMatching(reason)]);
});

it.each(Object.entries(connectionShape))('describes %s', (_key, field) => {
  expect(field.meta()).toMatchObject({ title: expect.any(String), description: expect.any(String) });
});
