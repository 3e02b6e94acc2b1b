// The command line: parses, runs one command, and turns every failure into one line and an exit code.
import { Command, CommanderError } from 'commander';
import { useEncoderThreads } from '../data/tokenizers/asked-thread.ts';
import { appVersion } from '../text/app-version.ts';
import { addCalibrate } from './calibrate.ts';
import { addClass } from './class/command.ts';
import { addCompare } from './compare.ts';
import { addDevice } from './device-command.ts';
import { addEvaluate } from './evaluate.ts';
import { addExport } from './export/command.ts';
import { describeFailure, exitCodes, oneLine } from './failure.ts';
import { addFit } from './fit.ts';
import { addInspect } from './inspect.ts';
import { addLesson } from './lesson.ts';
import { jsonOption } from './options.ts';
import { addPredict } from './predict/command.ts';
import { addPresets } from './presets.ts';
import { addProfile } from './profile-command.ts';
import { addPull } from './pull/command.ts';
import { addReport } from './report.ts';
import { addSample } from './sample.ts';
import { addServeBench } from './serve/command.ts';
import { addStudy } from './study/command.ts';
import { addSearch } from './study/search.ts';
import { addTheory } from './theory/command.ts';
import { startEncoderThread } from './threads/tokenizer.ts';
import { addTrain } from './train/command.ts';
import { addTrainTokenizer } from './train-tokenizer.ts';
import { addValidate } from './validate.ts';

/** Runs a command. @param argv what stands behind `flopscope` @returns the exit code; never throws */
export async function main(argv: readonly string[]): Promise<number> {
  useEncoderThreads(startEncoderThread);
  try {
    await createProgram(argv.includes('--json')).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(error);
    const { code, line } = describeFailure(error);
    const isTraced = code === exitCodes.internal && process.env.FLOPSCOPE_DEBUG === '1';
    process.stderr.write(`${isTraced && error instanceof Error ? error.stack : `flopscope: ${line}`}\n`);
    return code;
  }
}

/** The commands, for who wants to know their options. Help that was asked for goes to stdout, unless that is to carry JSON only. */
export function createProgram(json = false): Command {
  const program = new Command('flopscope')
    .description(
      'Train tiny language models on your own GPU and see what every kernel should cost and did cost.',
    )
    .version(appVersion, '-V, --version', 'write the version')
    .addOption(jsonOption())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (json ? process.stderr : process.stdout).write(text),
      writeErr: (text) => process.stderr.write(text),
      outputError: () => undefined, // reportUsage says it, in one line
    });
  const commands = [
    addDevice,
    addCalibrate,
    addPredict,
    addTrain,
    addTrainTokenizer,
    addExport,
    addPull,
    addCompare,
    addReport,
    addProfile,
    addValidate,
    addInspect,
    addEvaluate,
    addSample,
    addServeBench,
    addPresets,
    addTheory,
    addLesson,
    addClass,
    addStudy,
    addSearch,
    addFit,
  ];
  for (const add of commands) add(program);
  return program;
}

function reportUsage({ code, message, exitCode }: CommanderError): number {
  if (exitCode === 0) return 0; // --help, --version
  if (code === 'commander.help') return exitCodes.badInput; // no command: the help was shown on stderr
  const what = oneLine(message.replace(/^error: /, '')).replace(/[^.?)]$/, '$&.');
  process.stderr.write(`flopscope: ${what} See flopscope --help.\n`);
  return exitCodes.badInput;
}
