// Reads what TypeScript must know of a shader from the shader: binding numbers, access and struct layouts.

/** One resource variable of a module. */
export interface WgslBinding {
  readonly name: string;
  readonly group: number;
  readonly binding: number;
  readonly access: 'read' | 'read_write' | 'uniform';
  /** Element type text, such as `f32` of `array<f32>`. */
  readonly type: string;
}

/** All `@group(g) @binding(b) var<…> name : type;` of a module. */
export function parseBindings(source: string): WgslBinding[] {
  const pattern = /@group\((\d+)\)\s*@binding\((\d+)\)\s*var\s*<\s*([^>]*?)\s*>\s*(\w+)\s*:\s*([^;]+);/g;
  return [...source.matchAll(pattern)].map(([, group, binding, space = '', name = '', type = '']) => ({
    name,
    group: Number(group),
    binding: Number(binding),
    access: space.startsWith('uniform') ? 'uniform' : space.includes('read_write') ? 'read_write' : 'read',
    type: type.trim(),
  }));
}

/**
 * Fields of a struct in order; every field is four bytes wide, so a field's offset is four times its index.
 * @throws if the struct is missing or has a field of another width.
 */
export function parseStruct(
  source: string,
  name: string,
): { readonly name: string; readonly type: string }[] {
  const text = source.replace(/\/\/[^\n]*/g, '');
  const body = new RegExp(`struct\\s+${name}\\s*\\{([^}]*)\\}`).exec(text)?.[1];
  if (body === undefined) throw new Error(`wgsl: no struct ${name} in the source. Prepend the prologue.`);
  const fields = body.split(',').map((field) => field.trim());
  return fields.filter(Boolean).map((field) => {
    const [, fieldName, type] = /^(\w+)\s*:\s*(f32|u32|i32)$/.exec(field) ?? [];
    if (!fieldName || !type) {
      throw new Error(`wgsl: struct ${name} has a field "${field}". Use f32, u32 or i32 fields only.`);
    }
    return { name: fieldName, type };
  });
}

/**
 * The dims that a pipeline is compiled for: those that are `override` in the source, constants included. Dispatches that
 * differ only in others, which the launch record hands over, share a pipeline.
 */
export function specialisedDims(
  source: string,
  dims: Readonly<Record<string, number>>,
): Record<string, number> {
  const overrides = new Set(parseOverrides(source));
  return Object.fromEntries(Object.entries(dims).filter(([name]) => overrides.has(name)));
}

/** Names of the `override` constants of a module. */
export function parseOverrides(source: string): string[] {
  return [...source.matchAll(/^\s*override\s+(\w+)/gm)].map(([, name = '']) => name);
}
