// How many experts a mixture of experts should have, and how published routers choose.
import { refuseInput, requirePositive } from './assumptions.ts';

/** Factor c of E ≈ c·√(N_total / N_active): the guide's range and its middle. */
export const expertFactor = { low: 8, typical: 12, high: 16 } as const;

/** What the counts of this file say. */
export const expertConvention =
  'E ≈ c·√(N_total / N_active), c = 8 to 16; a rule of thumb for routed experts per layer, shared ones not counted. ' +
  'It is off by factors of 0.35 to 5 for published models, as shown beside them';

/** Experts per layer, not rounded: a rule of thumb has no exact value. */
export interface ExpertCount {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

/** The number of experts for so many parameters, all and active. @throws an ImpossibleInputError */
export function expertCount(totalParameters: number, activeParameters: number): ExpertCount {
  requirePositive('experts', 'the number of all parameters', totalParameters);
  requirePositive('experts', 'the number of active parameters', activeParameters);
  if (activeParameters > totalParameters) {
    refuseInput(
      `experts: more parameters are active than there are: ${activeParameters} of ${totalParameters}. Swap them?`,
    );
  }
  const root = Math.sqrt(totalParameters / activeParameters);
  return {
    low: expertFactor.low * root,
    typical: expertFactor.typical * root,
    high: expertFactor.high * root,
  };
}

/** A published router. */
export interface Router {
  readonly model: string;
  /** E, routed experts per layer. */
  readonly experts: number;
  /** K, of them per token. */
  readonly expertsPerToken: number;
  /** Experts that every token passes through. */
  readonly shared: number;
  /** All and active parameters, as published; undefined where they are not comparable. */
  readonly parameters?: { readonly total: number; readonly active: number };
  readonly source: string;
}

/** Published routers, oldest first. */
export const publishedRouters: readonly Router[] = [
  {
    model: 'Switch-Base',
    experts: 128,
    expertsPerToken: 1,
    shared: 0,
    source: 'Fedus et al. 2021, arXiv 2101.03961',
  },
  {
    model: 'GLaM',
    experts: 64,
    expertsPerToken: 2,
    shared: 0,
    parameters: { total: 1.2e12, active: 96.6e9 },
    source: 'Du et al. 2021, arXiv 2112.06905',
  },
  {
    model: 'Mixtral 8x7B',
    experts: 8,
    expertsPerToken: 2,
    shared: 0,
    parameters: { total: 46.7e9, active: 12.9e9 },
    source: 'Jiang et al. 2024, arXiv 2401.04088',
  },
  {
    model: 'DeepSeek-V2',
    experts: 160,
    expertsPerToken: 6,
    shared: 2,
    parameters: { total: 236e9, active: 21e9 },
    source: 'DeepSeek-AI 2024, arXiv 2405.04434',
  },
  {
    model: 'DeepSeek-V3',
    experts: 256,
    expertsPerToken: 8,
    shared: 1,
    parameters: { total: 671e9, active: 37e9 },
    source: 'DeepSeek-AI 2024, arXiv 2412.19437',
  },
  {
    model: 'Llama 4 Scout',
    experts: 16,
    expertsPerToken: 1,
    shared: 1,
    parameters: { total: 109e9, active: 17e9 },
    source: 'Meta 2025, model card of Llama 4',
  },
  {
    model: 'Llama 4 Maverick, every other layer',
    experts: 128,
    expertsPerToken: 1,
    shared: 1,
    parameters: { total: 400e9, active: 17e9 },
    source: 'Meta 2025, model card of Llama 4',
  },
  {
    model: 'Qwen3 30B-A3B',
    experts: 128,
    expertsPerToken: 8,
    shared: 0,
    parameters: { total: 30.5e9, active: 3.3e9 },
    source: 'Qwen Team 2025, arXiv 2505.09388',
  },
  {
    model: 'Qwen3 235B-A22B',
    experts: 128,
    expertsPerToken: 8,
    shared: 0,
    parameters: { total: 235e9, active: 22e9 },
    source: 'Qwen Team 2025, arXiv 2505.09388',
  },
];

/** A router's experts over what the rule gives at its middle; undefined where its parameters are not known. */
export function expertRuleMiss({ experts, parameters }: Router): number | undefined {
  return parameters && experts / expertCount(parameters.total, parameters.active).typical;
}
