// Fits any law to runs: one entry for the page, the command line and the tests.

import { reportChinchilla } from './fit-law-chinchilla.ts';
import { reportConditional } from './fit-law-conditional.ts';
import { reportEnvelope, reportIsoflop } from './fit-law-isoflop.ts';
import { reportRates } from './fit-law-rates.ts';
import { reportExperts, reportUShape } from './fit-law-shapes.ts';
import type { FitRequest, LawName, LawReport } from './report.ts';
import { type RunPoint, runName, UnfitRunsError } from './run-point.ts';

const reports: Readonly<Record<LawName, (points: readonly RunPoint[], request: FitRequest) => LawReport>> = {
  chinchilla: reportChinchilla,
  isoflop: reportIsoflop,
  envelope: reportEnvelope,
  conditional: reportConditional,
  'u-shape': reportUShape,
  experts: reportExperts,
  'learning-rate': reportRates,
};

/** Fits a law. @throws UnfitRunsError with one sentence where the runs or the wish do not allow it */
export function fitLaw(runs: readonly RunPoint[], request: FitRequest): LawReport {
  const named = runs.map((point, index) => ({ ...point, run: runName(point, index) }));
  const names = new Set(request.leaveOut);
  const points = named.filter(({ run }) => !names.has(run));
  const chosen = named.filter(({ run }) => names.has(run));
  const strange = [...names].find((name) => chosen.every(({ run }) => run !== name));
  if (strange !== undefined) {
    throw new UnfitRunsError(
      `${request.law}: there is no run ${JSON.stringify(strange)} to leave out. Give its name in the column run; without that column, its number from 1 to ${runs.length}.`,
    );
  }
  if (points.length === 0 && chosen.length > 0)
    throw new UnfitRunsError(`${request.law}: all ${runs.length} runs are left out. Take some back.`);
  const bad = points.find((point) => ![point.parameters, point.tokens, point.loss].every(isPositive));
  if (bad) {
    throw new UnfitRunsError(
      `${request.law}: a run has N = ${bad.parameters}, D = ${bad.tokens}, loss = ${bad.loss}; all must be positive numbers. Leave it out.`,
    );
  }
  const wanted = request.leaveOutHighest ?? 0;
  if (wanted >= points.length) {
    throw new UnfitRunsError(
      `${request.law}: leaving out ${wanted} of ${points.length} runs leaves none. Leave out fewer.`,
    );
  }
  const report = reports[request.law](points, request);
  const byChoice = chosen.map((point) => ({ ...point, reason: 'by choice' }));
  return { ...report, leftOut: [...byChoice, ...report.leftOut] };
}

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
