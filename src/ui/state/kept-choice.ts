// Choices that a browser keeps from visit to visit, each one of a few words.

/** What was chosen before; the fallback where nothing was, or storage is not to be had. */
export function keptChoice<T extends string>(key: string, choices: readonly T[], fallback: T): T {
  try {
    const kept = localStorage.getItem(`flopscope-${key}`);
    return choices.find((choice) => choice === kept) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Keeps a choice; without storage it holds for this visit. */
export function keepChoice(key: string, choice: string): void {
  try {
    localStorage.setItem(`flopscope-${key}`, choice);
  } catch {
    // It holds for this visit.
  }
}
