// `flopscope calibrate`: measures the GPU or the processor's threads, so that predictions have seconds.

import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { isUnsteady, shapesToMeasure, unsteadyAdvice } from '../lab/cost/calibration.ts';
import { tuningOf } from '../lab/cost/calibration-report.ts';
import type { Engine } from '../lab/plans/engine.ts';
import type { DeviceProfile } from '../plan/device-profile.ts';
import type { Capabilities } from '../plan/kernel.ts';
import { textColumns } from '../text/columns.ts';
import { formatRatio, formatSi, formatSpread } from '../text/numbers.ts';
import { openMachine, type RuntimeChoice } from './device.ts';
import { prepareFile, resolvePath, writeFiles } from './files.ts';
import { jsonOption, outputOf, runtimeOption, threadsOption } from './options.ts';

import { measureProfile, profileToJson, shapesOf } from './profiles.ts';

interface CalibrateOptions extends RuntimeChoice {
  readonly out?: string;
}

/** Adds the command. */
export function addCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description('measure the GPU, or the processor: peak, bandwidth, launch cost and every kernel')
    .option('--out <file>', 'write the profile there too')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (options: CalibrateOptions, command: Command) => {
      const output = outputOf(command);
      const path = options.out === undefined ? undefined : resolvePath(options.out);
      if (path !== undefined) await prepareFile(path);
      const { engine } = await openMachine(options);
      const start = performance.now();
      const profile = await measureProfile(engine, output);
      const seconds = (performance.now() - start) / 1000;
      const json = profileToJson({ profile, capabilities: engine.capabilities });
      if (path !== undefined) {
        const bytes = new TextEncoder().encode(`${JSON.stringify(json)}\n`);
        await writeFiles(dirname(path), [{ name: basename(path), bytes }]);
      }
      output.result({ ...json, seconds }, describeProfile(profile, seconds, engine));
    });
}

function describeProfile(profile: DeviceProfile, seconds: number, engine: Engine): string {
  const measured = ({ value, spread }: { value: number; spread: number }, unit: string) =>
    `${formatSi(value, unit)} ${formatSpread(spread)}`;
  return textColumns([
    ['device', profile.device],
    ['arithmetic peak', measured(profile.fmaFlopsPerSecond, 'FLOP/s')],
    ...profile.copyBytesPerSecond.map(
      ({ bytes, rate }) => [`copy of ${formatSi(bytes, 'B')}`, measured(rate, 'B/s')] as const,
    ),
    ['launch', measured(profile.launchSeconds, 's')],
    ['submit and read back', measured(profile.submitSeconds, 's')],
    ['slowing', `${measured(profile.slowing, '×')} on average over the quickest`],
    ['switch to another kernel', measured(profile.switchSeconds, 's')],
    ['mixing', `${measured(profile.mixing, '×')} among other kernels`],
    ['kernels', describeShapes(profile, shapesToMeasure(engine))],
    ...describeTuning(profile, engine.capabilities),
    ...(isUnsteady(profile) ? ([['unsteady', unsteadyAdvice]] as const) : []),
    ['timer', profile.timer],
    ['took', formatSi(seconds, 's')],
  ]);
}

/** Which variants are taken instead of the built-in ones, and what they gain the plain presets' steps. */
function describeTuning(profile: DeviceProfile, capabilities: Capabilities): (readonly [string, string])[] {
  const { choices, presets } = tuningOf(profile, capabilities);
  if (presets.length === 0) return [];
  const gains = presets.map(({ title, gain }) => `${title} ${formatRatio(gain)}`).join(', ');
  return [
    ['variants', `${profile.variants?.length ?? 0} others timed; a step is expected to go ${gains} as fast`],
    ...choices.map(
      ({ builtIn, taken, dispatches, gain }) =>
        ['', `${taken} for ${builtIn} in ${dispatches} dispatches: ${formatRatio(gain)} as fast`] as const,
    ),
  ];
}

function describeShapes(profile: DeviceProfile, wanted: number): string {
  const found = shapesOf(profile);
  const kernels = Object.keys(profile.kernels).length - (profile.variants?.length ?? 0);
  const count = `${kernels} at ${found} shapes`;
  if (found >= wanted) return count;
  return `${count} of ${wanted}: compiling took the time. Calibrate again for the rest, which the driver now keeps.`;
}
