// A calibration as the page shows it: its figures, and what the variants that it found quicker gain.
import type { CalibrationReport, TunedChoice, TunedPreset } from '../../contract/device.ts';
import { plainPresets } from '../../model/presets/starting.ts';
import { type DeviceProfile, limitOf } from '../../plan/device-profile.ts';
import type { Capabilities, Dispatch } from '../../plan/kernel.ts';
import { predictDispatch } from '../../plan/predict.ts';
import { tunedVariants } from '../../plan/tuned-variants.ts';
import { isUnsteady, recordTypical, unsteadyAdvice } from './calibration.ts';

/** A profile as the page shows it. */
export function reportOf(
  profile: DeviceProfile,
  seconds: number,
  capabilities: Capabilities,
): CalibrationReport {
  const { fmaFlopsPerSecond, slowing, copyBytesPerSecond, launchSeconds, kernels, timer } = profile;
  return {
    fmaFlopsPerSecond,
    slowing,
    copyBytesPerSecond,
    launchSeconds,
    kernels: Object.entries(kernels).map(([kernel, points]) => ({
      kernel,
      points: points.map((point) => ({
        shape: point.shape,
        limitSeconds: limitOf(profile, point).seconds,
        seconds: point.seconds,
      })),
    })),
    ...tuningOf(profile, capabilities),
    seconds,
    timer,
    ...(profile.isQuick ? { isQuick: true } : {}),
    ...(isUnsteady(profile) ? { warning: unsteadyAdvice } : {}),
  };
}

/** What a profile's variants change in the training steps of the plain presets, by expectation. */
export function tuningOf(
  profile: DeviceProfile,
  capabilities: Capabilities,
): { readonly choices: readonly TunedChoice[]; readonly presets: readonly TunedPreset[] } {
  if (!profile.variants?.length) return { choices: [], presets: [] };
  const table = tunedVariants(profile);
  const choices = new Map<
    string,
    { builtIn: string; taken: string; dispatches: number; before: number; after: number }
  >();
  const presets: TunedPreset[] = [];
  for (const { title, experiment } of plainPresets) {
    const [builtIn, tuned] = [undefined, table].map((variants): readonly Dispatch[] => {
      const plans = recordTypical(experiment, { capabilities, variants });
      return plans ? [...plans.accumulate.dispatches, ...plans.update.dispatches] : [];
    });
    const seconds = (dispatch: Dispatch) => predictDispatch(dispatch, profile).seconds;
    const sum = (dispatches: readonly Dispatch[] = []) =>
      dispatches.reduce((total, dispatch) => total + seconds(dispatch), 0);
    presets.push({ title, gain: sum(builtIn) / sum(tuned) });
    for (const [index, dispatch] of (builtIn ?? []).entries()) {
      const other = tuned?.[index];
      if (!other || other.kernel === dispatch.kernel) continue;
      const [name, taken] = [dispatch.kernel.name, other.kernel.name];
      const known = choices.get(`${name} ${taken}`) ?? {
        builtIn: name,
        taken,
        dispatches: 0,
        before: 0,
        after: 0,
      };
      choices.set(`${name} ${taken}`, {
        ...known,
        dispatches: known.dispatches + 1,
        before: known.before + seconds(dispatch),
        after: known.after + seconds(other),
      });
    }
  }
  const rows = [...choices.values()].sort((a, b) => b.before - b.after - (a.before - a.after));
  return {
    choices: rows.map(({ before, after, ...row }) => ({ ...row, gain: before / after })),
    presets,
  };
}
