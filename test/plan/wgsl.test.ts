// What TypeScript reads out of shaders.
import { describe, expect, it } from 'vitest';
import { prologue } from '../../src/kernels/prologue.ts';
import { parseBindings, parseOverrides, parseStruct } from '../../src/plan/wgsl.ts';

describe('parseBindings', () => {
  it('reads group, number, access and type', () => {
    const source = `
      @group(0) @binding(3) var<storage, read> x: array<f32>; // [rows]
      @group(0)@binding(0) var < storage,read_write > y : array<vec4<u32>>;
      @group(1) @binding(1) var<uniform> step: Step;
      var<workgroup> tile: array<f32, 64>;`;
    expect(parseBindings(source)).toEqual([
      { name: 'x', group: 0, binding: 3, access: 'read', type: 'array<f32>' },
      { name: 'y', group: 0, binding: 0, access: 'read_write', type: 'array<vec4<u32>>' },
      { name: 'step', group: 1, binding: 1, access: 'uniform', type: 'Step' },
    ]);
  });

  it('takes a storage variable without access for readable, as WGSL does', () => {
    expect(parseBindings('@group(0) @binding(0) var<storage> x: array<f32>;')[0]?.access).toBe('read');
  });
});

describe('parseStruct', () => {
  it('reads fields in order, past comments', () => {
    const source = 'struct A { b: u32 }\nstruct Step {\n  step: u32, // from 1, {not} 0\n  rate: f32,\n}';
    expect(parseStruct(source, 'Step')).toEqual([
      { name: 'step', type: 'u32' },
      { name: 'rate', type: 'f32' },
    ]);
  });

  it("finds the records of the prologue, which fit in the runtime's 256 bytes", () => {
    expect(parseStruct(prologue, 'Launch').map(({ name }) => name)).toEqual([
      'firstWorkgroup',
      'endWorkgroup',
      'gridWidth',
      'operation',
      'firstElement',
      'biasOffset',
      'rows',
      'columns',
      'inner',
      'xStride',
      'wStride',
      'yStride',
      'slices',
      'elements',
      'decayElements',
      'groups',
      'firstRow',
      'blockRows',
      'accumulate',
    ]);
    const step = parseStruct(prologue, 'Step');
    expect(step.map(({ name }) => name)).toContain('learningRate');
    expect(4 * step.length).toBeLessThanOrEqual(256);
  });

  it('refuses a struct that is not there, and a field that would shift the ones after it', () => {
    expect(() => parseStruct('struct A { b: u32 }', 'Step')).toThrow('wgsl: no struct Step');
    expect(() => parseStruct('struct Step { a: vec4<f32>, b: u32 }', 'Step')).toThrow('a: vec4<f32>');
  });
});

describe('parseOverrides', () => {
  it('lists override constants, with and without defaults', () => {
    expect(
      parseOverrides('override rows: u32;\n  override tile: u32 = 8; // override x\nconst c = 1;'),
    ).toEqual(['rows', 'tile']);
  });
});
