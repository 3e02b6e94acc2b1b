// What the gradients' norm left for an update, in the metrics.

const isFiniteByte: usize = 8;
const clipFactorByte: usize = 12;

/** True where norm and loss are finite: only then does an update change anything. */
export function isUsable(metrics: usize): bool {
  return f32.load(metrics + isFiniteByte) === 1;
}

/** What gradients are multiplied by. */
export function clipFactor(metrics: usize): f32 {
  return f32.load(metrics + clipFactorByte);
}
