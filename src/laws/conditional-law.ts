// The conditional law: how the shape of a model moves its loss away from L_opt(N, D) (arXiv 2510.18245), in a form whose parameters are unique.
//
// F(x) = 1 + κ·u(ln(x/x*)) with u(t) = t + e⁻ᵗ − 1 is a₀ + a₁ ln x + a₂/x over its minimum: 1 at x*, and no factor can
// wander between F, G and L_opt, as it can between the six raw coefficients (their Jacobian has rank 5).

/** How the two shapes act together. */
export const conditionalForms = ['multiplicative', 'additive', 'joint'] as const;

/** How the two shapes act together. */
export type ConditionalForm = (typeof conditionalForms)[number];

/** The unique parameters. κ is relative in the multiplicative and joint forms, in nats in the additive one. */
export interface ConditionalParameters {
  /** A factor on L_opt, or nats added to it. */
  readonly c: number;
  readonly kappaX: number;
  /** Best d/√N. */
  readonly optimumX: number;
  readonly kappaR: number;
  /** Best r = parameters of the feed-forward layers over those of attention. */
  readonly optimumR: number;
  /** Joint form: the best d/√N is optimumX · (r / optimumR)^gamma. */
  readonly gamma: number;
}

/** The six raw coefficients of (a₀ + a₁ ln x + a₂/x)·(b₀ + b₁ ln r + b₂/r). */
export type RawCoefficients = readonly [
  a0: number,
  a1: number,
  a2: number,
  b0: number,
  b1: number,
  b2: number,
];

/** Loss in nats per token. @param best L_opt(N, D) */
export function conditionalLoss(
  form: ConditionalForm,
  law: ConditionalParameters,
  best: number,
  x: number,
  r: number,
): number {
  const tilt = form === 'joint' ? law.gamma * Math.log(r / law.optimumR) : 0;
  const width = law.kappaX * uShape(Math.log(x / law.optimumX) - tilt);
  const ratio = law.kappaR * uShape(Math.log(r / law.optimumR));
  return form === 'additive' ? best + law.c + width + ratio : law.c * best * (1 + width) * (1 + ratio);
}

/** u(t) = t + e⁻ᵗ − 1: 0 at 0, and its slope 1 − e⁻ᵗ. */
export function uShape(t: number): number {
  return t + Math.expm1(-t);
}

/** The unique parameters behind raw coefficients; undefined where either U has no minimum inside. */
export function normaliseRaw([a0, a1, a2, b0, b1, b2]: RawCoefficients): ConditionalParameters | undefined {
  if (!(a1 > 0 && a2 > 0 && b1 > 0 && b2 > 0)) return undefined;
  const [optimumX, optimumR] = [a2 / a1, b2 / b1];
  const scaleX = a0 + a1 * (Math.log(optimumX) + 1);
  const scaleR = b0 + b1 * (Math.log(optimumR) + 1);
  return {
    c: scaleX * scaleR,
    kappaX: a1 / scaleX,
    optimumX,
    kappaR: b1 / scaleR,
    optimumR,
    gamma: 0,
  };
}
