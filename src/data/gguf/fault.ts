// What is said of a GGUF file that cannot be read: one line, under the name of errors that are a file's fault.

/** The name of errors that are a file's fault, as those of config.json. */
export const ggufFaultName = 'InvalidFileError';

/** Refuses a file with one sentence. @param advice what to do */
export function refuseGguf(problem: string, advice = 'The file is damaged or no GGUF file.'): never {
  const error = new Error(`gguf: ${problem}. ${advice}`);
  error.name = ggufFaultName;
  throw error;
}
