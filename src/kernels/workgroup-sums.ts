// Largest and sum over a workgroup: their WGSL, for the kernels whose workgroups share a row or the keys of a query.
import source from '../../shaders/workgroup-sums.wgsl?raw';

/** WGSL of `workgroupMaximum` and `workgroupSum`, which takes the constant `threads`. */
export const sumsSource = source;
