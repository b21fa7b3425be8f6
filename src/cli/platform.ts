/**
 * Whether this machine can run kioku. This file and `main.ts` import nothing and keep to syntax that Node 16 reads, so
 * that an unsuitable machine gets a sentence instead of a syntax error or a loader's stack trace.
 */

/** What decides; gathered by `platformFacts`. */
export interface PlatformFacts {
  /** `process.versions.node`, such as `20.19.0`. */
  readonly node: string;
  /** `process.platform`, such as `linux`. */
  readonly os: string;
  /** `process.arch`, such as `x64`. */
  readonly arch: string;
  /** Linux: version of the GNU C library at run time; undefined with another C library (musl). */
  readonly glibc: string | undefined;
}

const MINIMUM_NODE = '20.19.0';
const MINIMUM_GLIBC = '2.28';
const SUITABLE = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** @returns true when version `a` is older than `b`; missing parts count as 0 */
function olderThan(a: string, b: string): boolean {
  const left = a.split('.').map((part) => Number.parseInt(part, 10));
  const right = b.split('.').map((part) => Number.parseInt(part, 10));
  for (let i = 0; i < right.length; i++) {
    const difference = (left[i] || 0) - (right[i] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** @returns one line: what is wrong with this machine and what to do; undefined when it is suitable */
export function platformProblem(facts: PlatformFacts): string | undefined {
  if (olderThan(facts.node, MINIMUM_NODE)) {
    return `Node.js ${facts.node} is too old: kioku needs ${MINIMUM_NODE} or newer. Install Node.js 22 LTS from https://nodejs.org and try again.`;
  }
  if (facts.arch === 'arm' || facts.arch === 'ia32') {
    return `this is a 32-bit system (${facts.os} ${facts.arch}), for which ONNX Runtime has no build. Install a 64-bit system and a 64-bit Node.js (Raspberry Pi OS 64-bit runs on Pi 3 and newer).`;
  }
  if (!SUITABLE.includes(`${facts.os}-${facts.arch}`)) {
    return `${facts.os} ${facts.arch} is not supported: ONNX Runtime has builds for ${SUITABLE.join(', ')}. Run kioku on one of those.`;
  }
  if (facts.os !== 'linux') return undefined;
  if (facts.glibc === undefined) {
    return `this Linux has no GNU C library (musl, as in Alpine?), which ONNX Runtime needs. Use a Debian or Ubuntu system or image, such as node:22-slim.`;
  }
  if (olderThan(facts.glibc, MINIMUM_GLIBC)) {
    return `the GNU C library ${facts.glibc} is too old: ONNX Runtime needs ${MINIMUM_GLIBC} or newer. Upgrade to Debian 10, Ubuntu 20.04 or newer.`;
  }
  return undefined;
}

/** The facts about the machine that this process runs on. */
export function platformFacts(): PlatformFacts {
  return {
    node: process.versions.node,
    os: process.platform,
    arch: process.arch,
    glibc: process.platform === 'linux' ? glibcVersion() : undefined,
  };
}

function glibcVersion(): string | undefined {
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return report.header.glibcVersionRuntime;
}
