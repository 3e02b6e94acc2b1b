// Sums over a workgroup in two steps: their WGSL, for the kernels whose workgroups have one number to tell.
import source from '../../shaders/corner-sums.wgsl?raw';

/** WGSL of `cornerSum` and its two steps, which take the constant `threads`. */
export const cornerSumsSource = source;
