// What a shader says of its names, as the architecture tests see it: declared, taken from a file before it, or built in.

/** Names that WGSL gives: types, functions, attributes and keywords, as far as the shaders use them. */
const builtIn = new Set(
  (
    'alias array atomic bool break const continue diagnostic else enable f16 f32 false fn for function i32 if let loop ' +
    'ptr read read_write return storage struct switch case default true u32 uniform var vec2 vec3 vec4 while workgroup ' +
    'override bitcast unpack2x16float ' +
    'binding builtin compute group id workgroup_size workgroup_id local_invocation_index subgroup_invocation_id ' +
    'abs all any clamp cos countOneBits dot exp floor fma inverseSqrt log max min pow round select sign sin sqrt tanh ' +
    'workgroupBarrier storageBarrier atomicLoad atomicStore subgroupAdd subgroupBroadcast subgroupBroadcastFirst subgroupMax subgroupShuffle subgroupExclusiveAdd'
  ).split(' '),
);

/** Text without comments; hexadecimal numbers hold letters and go too. */
function codeOf(text: string): string {
  return text.replace(/\/\/[^\n]*/g, '').replace(/\b0[xX][0-9a-fA-F]+[ui]?\b/g, '0');
}

/** Names declared at the outermost level, which files that come after may use, in their order. */
export function declaredNames(text: string): string[] {
  const pattern = /^(?:@[^\n]*?\s)?(?:override|const|fn|struct|alias|var\s*<[^>]*>)\s+(\w+)/gm;
  return [...codeOf(text).matchAll(pattern)].map(([, name = '']) => name);
}

/** Names that a shader uses and neither declares, inside or outside its functions, nor has from WGSL. */
export function foreignNames(text: string): Set<string> {
  const code = codeOf(text).replace(/@(?:compute|workgroup_size|builtin|group|binding)\b/g, '');
  const inner = [...code.matchAll(/\b(?:let|var|const)\s+(\w+)|\b(\w+)\s*:(?!:)/g)].map(
    ([, a, b]) => a ?? b ?? '',
  );
  const own = new Set([...declaredNames(text), ...inner]);
  const words = [...code.matchAll(/(?<![\w.])[A-Za-z_]\w*/g)].map(([word]) => word);
  return new Set(words.filter((word) => !own.has(word) && !builtIn.has(word)));
}

/** A shader's opening comment on one line. */
function openingOf(text: string): string {
  return (/^(?:\/\/[^\n]*\n)*/.exec(text)?.[0] ?? '').replaceAll('\n//', '');
}

/** The names that a shader says it takes from whatever shader it stands before. */
export function namesAskedFor(text: string): string[] {
  const names = /From the shader that follows: ([^.]+)\./.exec(openingOf(text))?.[1] ?? '';
  return names
    .replace(/\([^)]*\)/g, '')
    .split(',')
    .map((name) => name.trim());
}

/** The files that a shader says it takes names from, in order, and the names. */
export function namedSources(text: string): Map<string, string[]> {
  const header = openingOf(text);
  const lines = header.matchAll(/From ([\w-]+\.wgsl): ([^.]+)\./g);
  return new Map(
    [...lines].map(([, file = '', names = '']) => [`shaders/${file}`, names.trim().split(/,\s*/)]),
  );
}
