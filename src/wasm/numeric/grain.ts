// How element-wise kernels are cut: runs of elements long enough that taking one costs nothing beside it.

/** Elements of one unit. */
export const grain: i32 = 2048;

/** Units of an element-wise kernel. */
export function grains(elements: i32): i32 {
  return (elements + grain - 1) / grain;
}
