// Which rows of a cache a query of decode attention reads: the WGSL for all of its kernels. The twin is in decode-attention-shape.ts.
import source from '../../shaders/cache-ring.wgsl?raw';

/** WGSL of `sightFrom` and `rowsOfKeys`, which takes the dims `context`, `window` and `rowsPerRing`. */
export const ringSource = source;
