// `flopscope validate`: predictions against measurements on models that calibration has not seen.

import { type Command, Option } from 'commander';
import type { ValidationRow, ValidationSummary } from '../contract/validation.ts';
import { openPace, shapesToMeasure, typicalPlans } from '../lab/cost/calibration.ts';
import { validatePredictions } from '../lab/cost/validation.ts';
import { type GridModel, validationGrid } from '../lab/cost/validation-grid.ts';
import type { Engine } from '../lab/plans/engine.ts';
import type { DeviceProfile } from '../plan/device-profile.ts';
import { columnLine } from '../text/columns.ts';
import { formatPercent, formatRatio, formatSi } from '../text/numbers.ts';
import { openMachine, type RuntimeChoice } from './device.ts';
import { unlessInterrupted, withInterruption } from './interruption.ts';
import { jsonOption, outputOf, runtimeOption, threadsOption } from './options.ts';
import type { Output } from './output.ts';
import { completeProfile, measureProfile, shapesOf } from './profiles.ts';
import { useKnownProfile } from './profiles-known.ts';

interface ValidateOptions extends RuntimeChoice {
  readonly grid: 'small' | 'full';
  readonly profile?: string;
  readonly recalibrate: boolean;
}

/** Adds the command. */
export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('hold predictions against measurements on a grid of models that calibration has not seen')
    .addOption(new Option('--grid <size>', 'how many models').choices(['small', 'full']).default('small'))
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--recalibrate', 'measure the device again first', false)
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action((options: ValidateOptions, command: Command) =>
      withInterruption((signal) =>
        unlessInterrupted(
          signal,
          'while validating: nothing was written.',
          validate(options, outputOf(command), signal),
        ),
      ),
    );
}

async function validate(options: ValidateOptions, output: Output, signal: AbortSignal): Promise<void> {
  const machine = await openMachine(options);
  const { engine } = machine;
  await useKnownProfile(machine, options.profile, output);
  const models = validationGrid(options.grid);
  const profile =
    options.profile !== undefined && engine.profile
      ? engine.profile
      : await fullProfile(engine, models, options.recalibrate ? undefined : engine.profile, output);
  engine.profile = profile;
  output.text(`${columns(['model', 'work', 'limit', 'expected', 'measured', 'ratio', 'pace'])}\n`);
  const pace = await openPace(engine);
  try {
    const summary = await validatePredictions(engine, models, {
      onRow: (row) => output.result(row, describeRow(row)),
      onProgress: (fraction, what) => output.progress(what, fraction),
      paceSeconds: () => pace.seconds(),
      signal,
    });
    output.result({ done: true, ...summary }, describeSummary(summary));
  } finally {
    pace.dispose();
  }
}

/**
 * A profile with every shape, as far as three more calibrations reach (a driver keeps what it compiled in the last), and
 * with the kernels that only these models have.
 */
async function fullProfile(
  engine: Engine,
  models: readonly GridModel[],
  known: DeviceProfile | undefined,
  output: Output,
): Promise<DeviceProfile> {
  let profile = known ?? (await measureProfile(engine, output));
  const wanted = shapesToMeasure(engine);
  for (let again = 0; again < 3 && shapesOf(profile) < wanted; again++)
    profile = await measureProfile(engine, output);
  const plans = models.flatMap(({ experiment }) => typicalPlans(experiment, engine));
  return (await completeProfile(engine, plans, profile, output)) ?? profile;
}

const columns = columnLine(
  [28, 32, 9, 9, 9, 6, 5],
  ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
);

function describeRow({
  name,
  kind,
  what,
  limitSeconds,
  seconds,
  measuredSeconds,
  paceRatio,
}: ValidationRow): string {
  return columns([
    ...[name, `${kind}, ${what}`],
    ...[limitSeconds, seconds, measuredSeconds].map((value) => formatSi(value, 's')),
    ...[formatRatio(seconds / measuredSeconds), formatRatio(paceRatio)],
  ]);
}

function describeSummary(summary: ValidationSummary): string {
  const pace =
    Math.abs(summary.paceRatio - 1) > 0.1
      ? ` The device now goes at ${formatPercent(summary.paceRatio)} of the pace of its calibration: calibrate again.`
      : '';
  return (
    `\n${summary.configurations} configurations on ${summary.device}: median error ${formatPercent(summary.medianError)}, ` +
    `90th percentile ${formatPercent(summary.ninetiethPercentileError)}, unexplained ${formatPercent(summary.medianUnexplained)} ` +
    `of the measured time in the median. Took ${formatSi(summary.seconds, 's')}.${pace}`
  );
}
