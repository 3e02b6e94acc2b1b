// Files of this build with what was recorded elsewhere: fetched when they are shown, and left out where they are missing.

/** What every recording says of itself. */
interface Recording {
  readonly format: string;
  readonly version: number;
}

/**
 * Fetches a recording that ships with the page; undefined where there is none. It is this build's own file, which a test
 * reads whole: here it only has to be of this format and version.
 */
export async function fetchRecording<T extends Recording>(
  address: string,
  { format, version }: { readonly format: T['format']; readonly version: T['version'] },
): Promise<T | undefined> {
  try {
    const response = await fetch(address);
    if (!response.ok) return undefined;
    const recording = (await response.json()) as T | undefined;
    return recording?.format === format && recording.version === version ? recording : undefined;
  } catch {
    return undefined;
  }
}
