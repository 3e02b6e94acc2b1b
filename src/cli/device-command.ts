// `flopscope device`: what GPU there is.

import type { Command } from 'commander';
import { textColumns } from '../text/columns.ts';
import { limitsOf, openMachine } from './device.ts';
import { jsonOption, outputOf } from './options.ts';

/** Adds the command. */
export function addDevice(program: Command): void {
  program
    .command('device')
    .description('show the GPU that the other commands use')
    .addOption(jsonOption())
    .action(async (_options, command: Command) => {
      const output = outputOf(command);
      const { open, device } = await openMachine({ runtime: 'gpu' });
      if (!open) throw new Error('device: a GPU machine came without its device.');
      const { vendor, architecture, description, isSoftware } = open.facts;
      const limits = limitsOf(open);
      const features = [...open.capabilities.features].sort();
      const facts = { runtime: 'gpu', device, vendor, architecture, description, isSoftware };
      output.result(
        { ...facts, features, limits },
        textColumns([
          ['device', device],
          ['vendor', [vendor, architecture].filter(Boolean).join(', ')],
          ['software renderer', isSoftware ? 'yes: results are right, speeds say nothing about a GPU' : 'no'],
          ['features', features.join(', ')],
          ...Object.entries(limits).map(([name, value]) => [name, String(value)] as const),
        ]),
      );
    });
}
