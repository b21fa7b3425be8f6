/** What a test needs beyond npm packages. Absent: the test is skipped and says why and what to install. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** Packages that are not named like the program that is wanted. */
const DEBIAN_PACKAGE: Readonly<Record<string, string>> = {
  arecord: 'alsa-utils',
  pacat: 'pulseaudio-utils',
  parec: 'pulseaudio-utils',
  pactl: 'pulseaudio-utils',
};

/** Debian keeps daemons in /usr/sbin, which an ordinary user's PATH lacks. */
export const PATH_WITH_SBIN = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

/** Skips the running test unless the program is on the PATH. */
export function needsProgram(ctx: TestContext, program: string): void {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH: PATH_WITH_SBIN } }).status === 0;
  if (!found) ctx.skip(`needs ${program}: apt-get install ${DEBIAN_PACKAGE[program] ?? program}`);
}

/** A Vulkan driver in software that comes with Debian's Chromium; where chromium is there, so is this. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Files that describe a Vulkan driver new enough for WebGPU; skips the running test when there is none. */
export function needsVulkanDriver(ctx: TestContext): string {
  const files = process.env['VK_DRIVER_FILES'] ?? SWIFTSHADER;
  if (!existsSync(files)) ctx.skip('needs a Vulkan driver for WebGPU: apt-get install chromium libvulkan1');
  return files;
}

const SHARED_DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** The path of something under ../shared/data; skips the running test when it is not there. */
export function needsSharedData(ctx: TestContext, path: string): string {
  const full = SHARED_DATA + path;
  if (!existsSync(full)) ctx.skip(`needs ../shared/data/${path}, which is not part of the repository`);
  return full;
}
