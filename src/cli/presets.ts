// `flopscope presets`: named configurations to start from.
import type { Command } from 'commander';
import { findPreset, presets } from '../model/presets.ts';
import { refuse } from './failure.ts';
import { jsonOption, outputOf } from './options.ts';

/** Adds the command. */
export function addPresets(program: Command): void {
  program
    .command('presets')
    .argument('[name]', 'print this one as a CONFIG.json')
    .description('list the named configurations, or print one')
    .addOption(jsonOption())
    .action((name: string | undefined, _options, command: Command) => {
      const output = outputOf(command);
      if (name === undefined) {
        for (const preset of presets)
          output.result(preset, `${preset.id}\n    ${preset.title}. ${preset.note}`);
        return;
      }
      const preset = findPreset(name);
      if (!preset) {
        const known = presets.map(({ id }) => id).join(', ');
        refuse('invalidConfig', `presets: there is none named ${JSON.stringify(name)}. Known: ${known}.`);
      }
      output.result(preset.experiment, JSON.stringify(preset.experiment, undefined, 2));
    });
}
