// `flopscope presets`: named configurations to start from.
import type { Command } from 'commander';
import { stage } from '../lab/plans/problem.ts';
import { findPreset, presets } from '../model/presets/catalogue.ts';
import type { ModelPreset } from '../model/presets/training.ts';
import { scaleExperiment } from '../model/size-dial.ts';
import { experimentFrom } from './experiments.ts';
import { refuse } from './failure.ts';
import { jsonOption, outputOf, real } from './options.ts';

/** Adds the command. */
export function addPresets(program: Command): void {
  program
    .command('presets')
    .argument('[name]', 'print this one as a CONFIG.json')
    .description('list the named configurations, or print one')
    .option('--size <factor>', 'its parameters times this, in the same proportions', real(0.01, 100))
    .addOption(jsonOption())
    .action(async (name: string | undefined, { size }: { readonly size?: number }, command: Command) => {
      const output = outputOf(command);
      if (name === undefined) {
        if (size !== undefined)
          refuse('invalidConfig', 'presets: --size needs the name of a preset. Give one.');
        for (const preset of presets)
          output.result(preset, `${preset.id}\n    ${preset.title}. ${preset.note}`);
        return;
      }
      const preset = knownPreset('presets', name);
      const experiment =
        size === undefined
          ? preset.experiment
          : await stage('invalidConfig', () =>
              scaleExperiment(experimentFrom(name, preset.experiment), size),
            );
      output.result(experiment, JSON.stringify(experiment, undefined, 2));
    });
}

/** The preset of a name that a person gave. @throws LabError with the names that there are */
export function knownPreset(who: string, name: string): ModelPreset {
  const preset = findPreset(name);
  if (preset) return preset;
  const known = presets.map(({ id }) => id).join(', ');
  return refuse('invalidConfig', `${who}: there is none named ${JSON.stringify(name)}. Known: ${known}.`);
}
