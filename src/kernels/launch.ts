// How kernels that work element by element or row by row divide their work: fixed functions of the shape, so
// that sums keep their order.

/** Invocations per workgroup of element-wise kernels. */
export const elementThreads = 128;

/** Workgroups that an element-wise kernel wants before its invocations take more than one element each. */
const wantedWorkgroups = 192;

/**
 * Elements per invocation, 1 to 16. Reading the launch record costs a software adapter as much as eight loads
 * (measured: 393 216 activations took 2.6 ms by ones and 0.9 ms by sixteens), a wide GPU needs workgroups
 * first.
 */
export function elementSteps(elements: number): number {
  return Math.max(1, Math.min(16, Math.floor(elements / (elementThreads * wantedWorkgroups))));
}

/** Workgroups of an element-wise kernel. */
export function elementGroups(elements: number): number {
  return Math.ceil(elements / (elementThreads * elementSteps(elements)));
}

/** Invocations that share a row of a norm, as a power of two: a short row must not pay for a deep tree. */
export function rowLaneLevels(columns: number): number {
  return columns > 512 ? 5 : 3;
}

/** Workgroups of 64 invocations that hold all rows. */
export function rowGroups(rows: number, columns: number): number {
  return Math.ceil(rows / (64 >> rowLaneLevels(columns)));
}

/** Parts that the rows are cut into for a norm's weight gradient. */
export function weightSlices(rows: number): number {
  return Math.min(64, Math.ceil(rows / 128));
}
