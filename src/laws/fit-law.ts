// Fits any law to runs: one entry for the page, the command line and the tests.

import { reportChinchilla } from './fit-law-chinchilla.ts';
import { reportConditional } from './fit-law-conditional.ts';
import { reportEnvelope, reportIsoflop } from './fit-law-isoflop.ts';
import { reportExperts, reportUShape } from './fit-law-shapes.ts';
import type { FitRequest, LawName, LawReport } from './law-report.ts';
import { type RunPoint, UnfitRunsError } from './run-point.ts';

const reports: Readonly<Record<LawName, (points: readonly RunPoint[], request: FitRequest) => LawReport>> = {
  chinchilla: reportChinchilla,
  isoflop: reportIsoflop,
  envelope: reportEnvelope,
  conditional: reportConditional,
  'u-shape': reportUShape,
  experts: reportExperts,
};

/** Fits a law. @throws UnfitRunsError with one sentence where the runs or the wish do not allow it */
export function fitLaw(points: readonly RunPoint[], request: FitRequest): LawReport {
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
  return reports[request.law](points, request);
}

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
