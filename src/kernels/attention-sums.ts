// Largest and sum over a workgroup that shares the keys of one query: their WGSL, for the kernels that attend so.
import source from '../../shaders/attention-sums.wgsl?raw';

/** WGSL of `workgroupMaximum` and `workgroupSum`, which takes the constant `threads`. */
export const sumsSource = source;
