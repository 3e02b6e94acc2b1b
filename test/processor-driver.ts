// How Mesa's Vulkan driver for processors, which stands in for a GPU, compiles kernels for tests; no other driver reads this.

/**
 * Environment under which it has subgroups of so many lanes. What it compiles for a second or so runs for a millisecond: for
 * four lanes instead of eight it takes about half as long, without optimizations a quarter less (Mesa 25, cold cache). Its
 * cache does not tell code for one width from code for another but by these options, the second of which is about textures
 * alone.
 */
export function processorDriver(lanes: 4 | 8 | 16): Readonly<Record<string, string>> {
  return {
    LP_NATIVE_VECTOR_WIDTH: String(32 * lanes),
    GALLIVM_PERF: { 4: 'nopt,no_quad_lod', 8: 'nopt', 16: 'nopt,no_aos_sampling' }[lanes],
  };
}
