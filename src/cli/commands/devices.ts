/** `kioku devices`: what can be recorded here, and by which name. */
import type { Command } from 'commander';
import type { Io } from '../output.js';

export function register(program: Command, io: Io): void {
  program
    .command('devices')
    .description('list the microphones that can be recorded')
    .option('--json', 'print {devices: [{device, command, description, default}], programs}')
    .action(async (options: { json?: true }) => {
      const { listDevices } = await import('../../source/capture/devices.js');
      const { describeDevices } = await import('../device-table.js');
      const found = await listDevices();
      if (options.json) io.printJson(found);
      else io.print(describeDevices(found));
    });
}
