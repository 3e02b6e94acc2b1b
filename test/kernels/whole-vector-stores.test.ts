// The reading of component stores that WGSL allows: which ones are found, and that a race among neighbours shows.
import { describe, expect, it } from 'vitest';
import { prologue } from '../../src/kernels/prologue.ts';
import { defineKernel, type Kernel } from '../../src/plan/kernel.ts';
import { verifyKernel } from '../../src/runtime/verify.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { findComponentStores, storeWholeVectors } from './whole-vector-stores.ts';

const declarations = `
alias Row = array<vec4<f32>, 3>;
struct Cell { count: u32, sums: vec4<f32>, rows: Row }
var<workgroup> tile: array<vec4<f32>, 4 * (2 + 1)>;
var<workgroup> corner: vec2<u32>;
var<workgroup> cells: array<Cell, 2>;
var<workgroup> scalars: array<array<f32, 4>, 4>;
@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
`;

function storesIn(statements: string): string[] {
  const source = `${declarations} fn main() { ${statements} }`;
  return findComponentStores(source).map(({ vector, component }) => `${vector} ${component}`);
}

describe('findComponentStores', () => {
  it('finds stores behind an index or a name, of arrays, of fields and of aliases', () => {
    expect(storesIn('tile[f(a[i], 2) + 1][r % 4u] = 1.0; corner.y += 2u;')).toEqual([
      'tile[f(a[i], 2) + 1] [r % 4u]',
      'corner .y',
    ]);
    expect(storesIn('cells[1].sums.xy = v; cells[i].rows[2][0] *= 2.0; y[i].w = x[i].w;')).toEqual([
      'cells[1].sums .xy',
      'cells[i].rows[2] [0]',
      'y[i] .w',
    ]);
  });

  it('leaves whole vectors, scalars, reads, comparisons and comments alone', () => {
    expect(storesIn('tile[2] = v; corner = w; cells[1].count += 1u; scalars[1][2] = 0.0;')).toEqual([]);
    expect(storesIn('let a = tile[1].x; if (corner.x == 1u) { y[0] = x[0]; } // corner.x = 1u;')).toEqual([]);
    expect(storesIn('var mine = tile[0]; mine.x = 1.0; mine[i] = 2.0;')).toEqual([]);
  });
});

/** Rows of four numbers through workgroup memory, an invocation each number, `apart` invocations between neighbours. */
function fourNeighbours(apart: number): Kernel {
  return defineKernel({
    name: `four-neighbours/${apart}`,
    role: 'other',
    source: `${prologue}
      @group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;
      var<workgroup> rows: array<vec4<f32>, 16>;
      @compute @workgroup_size(64)
      fn main(@builtin(local_invocation_index) thread: u32) {
        rows[thread / ${4 * apart}u * ${apart}u + thread % ${apart}u][thread / ${apart}u % 4u] = x[thread];
        workgroupBarrier();
        y[thread] = 2.0 * rows[thread / ${4 * apart}u * ${apart}u + thread % ${apart}u][thread / ${apart}u % 4u];
      }`,
    entryPoint: 'main',
    dims: [],
    reads: ['x'],
    writes: ['y'],
    tensors: () => ({ x: { shape: [64] }, y: { shape: [64] } }),
    selfTest: [{}],
    calibration: [{}],
    workgroups: () => 1,
    usefulFlops: () => 64,
    bytes: () => 512,
    reference: ({ x, y }) => {
      for (let i = 0; i < 64; i++) y[i] = 2 * x[i];
    },
  });
}

describeGpu('storeWholeVectors', () => {
  it.each([1, 4, 16])('shows the race of neighbours that lie %i invocations apart', async (apart) => {
    const { device } = await getTestDevice();
    const kernel = fourNeighbours(apart);
    const racing = { ...kernel, source: storeWholeVectors(kernel.source) };
    const result = await verifyKernel(device, racing, {});
    expect(result.message).toBeUndefined(); // it compiles and stays within its buffers
    expect(result.maximumError).toBeGreaterThan(0.1);
  });
});
