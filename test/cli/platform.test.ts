import { describe, expect, it } from 'vitest';
import { platformFacts, platformProblem, type PlatformFacts } from '../../src/cli/platform.js';

const GOOD: PlatformFacts = { node: '20.19.0', os: 'linux', arch: 'x64', glibc: '2.28' };

describe('platformProblem', () => {
  it('has nothing to say about machines that kioku runs on', () => {
    expect(platformProblem(platformFacts())).toBeUndefined();
    expect(platformProblem(GOOD)).toBeUndefined();
    expect(platformProblem({ ...GOOD, arch: 'arm64', glibc: '2.36' })).toBeUndefined();
    expect(platformProblem({ ...GOOD, node: '22.0.0' })).toBeUndefined();
    expect(platformProblem({ ...GOOD, node: '100.0.0-nightly' })).toBeUndefined();
    expect(platformProblem({ node: '24.1.0', os: 'darwin', arch: 'arm64', glibc: undefined })).toBeUndefined();
    expect(platformProblem({ node: '24.1.0', os: 'win32', arch: 'x64', glibc: undefined })).toBeUndefined();
  });

  it.each<[string, Partial<PlatformFacts>, RegExp]>([
    ['Node 18', { node: '18.20.8' }, /Node\.js 18\.20\.8 is too old.*Install Node\.js 22/],
    ['Node 20 before the minimum', { node: '20.18.3' }, /20\.18\.3 is too old/],
    ['Node 9, which sorts after 20 as text', { node: '9.11.2' }, /too old/],
    ['32-bit Arm', { arch: 'arm' }, /32-bit.*Install a 64-bit system/],
    ['32-bit x86', { arch: 'ia32', os: 'win32' }, /32-bit/],
    ['RISC-V', { arch: 'riscv64' }, /linux riscv64 is not supported/],
    ['an Intel Mac', { os: 'darwin', glibc: undefined }, /darwin x64 is not supported/],
    ['FreeBSD', { os: 'freebsd', glibc: undefined }, /freebsd x64 is not supported/],
    ['musl', { glibc: undefined }, /musl.*Debian or Ubuntu/],
    ['an old glibc', { glibc: '2.17' }, /GNU C library 2\.17 is too old.*Upgrade/],
    ['glibc 2.3, which is older than 2.28', { glibc: '2.3' }, /too old/],
  ])('says in one line what is wrong with %s and what to do', (_, facts, words) => {
    const problem = platformProblem({ ...GOOD, ...facts });
    expect(problem).toMatch(words);
    expect(problem).not.toContain('\n');
  });

  it('judges Node first: nothing else works without it', () => {
    expect(platformProblem({ node: '18.0.0', os: 'linux', arch: 'arm', glibc: undefined })).toContain('Node.js 18');
  });
});
