// Gives a machine the calibration that a command starts with: the user's file, or what is kept for this device.
import type { Machine } from './device.ts';
import { resolvePath } from './files.ts';
import type { Output } from './output.ts';
import { hostedKey, keptProfile, readProfile } from './profiles.ts';

/** Sets the engine's profile; a file that was made on another device is used, and said to be so. */
export async function useKnownProfile(
  { engine, open }: Machine,
  file: string | undefined,
  output: Output,
): Promise<void> {
  if (!open) {
    if (file !== undefined)
      output.note('profile: it has figures of a GPU, which say nothing of a processor. It was not read.');
    return;
  }
  if (file === undefined) {
    engine.profile = await keptProfile(open);
    return;
  }
  const { profile } = await readProfile(resolvePath(file));
  if (profile.device !== hostedKey(open)) {
    output.note(`profile: it was made on ${profile.device}, and this is ${hostedKey(open)}.`);
  }
  engine.profile = profile;
}
