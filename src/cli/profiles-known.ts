// Gives a machine the calibration that a command starts with: the user's file, or what is kept for this device.
import type { Machine } from './device.ts';
import { resolvePath } from './files.ts';
import type { Output } from './output.ts';
import { hostedKey, keptProfile, readProfile } from './profiles.ts';

/** Sets the engine's profile; a file that was made on another device is used, and said to be so. */
export async function useKnownProfile(
  { engine }: Machine,
  file: string | undefined,
  output: Output,
): Promise<void> {
  if (!engine.measurable) {
    if (file !== undefined)
      output.note('profile: its figures say nothing of the reference loops. It was not read.');
    return;
  }
  if (file === undefined) {
    engine.profile = await keptProfile(engine);
    return;
  }
  const { profile } = await readProfile(resolvePath(file));
  if (profile.device !== hostedKey(engine)) {
    output.note(`profile: it was made on ${profile.device}, and this is ${hostedKey(engine)}.`);
  }
  engine.profile = profile;
}
