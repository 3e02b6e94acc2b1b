// What WGSL allows a compiler to make of a store to one component of a vector that several invocations share.
// "Component Reference from Vector Memory View" lets such a store touch the whole vector, and Metal's compilers load it,
// insert the component and store all of it: what a neighbour stored in between is lost. Software adapters store the
// component alone, so tests write out the other reading and run that.

/** One assignment to a component of a shared vector. */
export interface ComponentStore {
  /** Where the statement starts and ends (its semicolon) in the source. */
  readonly start: number;
  readonly end: number;
  /** The vector, such as `tile[k * pitch + r / 4u]`, and what is behind it: `.x` or `[r % 4u]`. */
  readonly vector: string;
  readonly component: string;
  /** `=`, or one that computes first, such as `+=`. */
  readonly operator: string;
  readonly value: string;
}

/** Every assignment in the source to a component of a vector in workgroup memory or in a written buffer. */
export function findComponentStores(source: string): ComponentStore[] {
  const code = source.replace(/\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length));
  const variables = /\bvar\s*<\s*(?:workgroup|storage\s*,\s*read_write)\s*>\s*(\w+)\s*:\s*([^;=]+)/g;
  const found: ComponentStore[] = [];
  for (const [, name = '', declared = ''] of code.matchAll(variables)) {
    for (const { index } of code.matchAll(new RegExp(`\\b${name}\\b(?=\\s*[[.])`, 'g'))) {
      const accessors = accessorsAt(code, index + name.length);
      const end = index + name.length + accessors.join('').length;
      const [assignment, operator = '', value = ''] =
        /^\s*([-+*/%&|^]?=)(?!=)([^;]*);/.exec(code.slice(end)) ?? [];
      const steps = stepsToVector(code, declared, accessors);
      if (assignment === undefined || steps === accessors.length) continue;
      found.push({
        start: index,
        end: end + assignment.length,
        vector: name + accessors.slice(0, steps).join(''),
        component: accessors.slice(steps).join(''),
        operator,
        value: value.trim(),
      });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/**
 * The source with every store to a component spelled as a read, an insertion and a store of the whole vector. All
 * invocations of the workgroup read before any stores, which is one of the orders that nothing forbids: a software
 * adapter runs neighbours in step but groups of them in turn, so that by itself it would show only some races. A store
 * under a condition that differs between invocations does not compile then.
 */
export function storeWholeVectors(source: string): string {
  let text = source;
  for (const { start, end, vector, component, operator, value } of findComponentStores(source).reverse()) {
    const statement =
      `{ let place = &${vector}; var whole = *place; whole${component} ${operator} ${value}; ` +
      'workgroupBarrier(); *place = whole; }';
    text = text.slice(0, start) + statement + text.slice(end);
  }
  return text;
}

/** The accessors from `start` on, `[…]` and `.name`, one by one. */
function accessorsAt(code: string, start: number): string[] {
  const member = /^\.\w+/.exec(code.slice(start))?.[0];
  const accessor = member ?? (code[start] === '[' ? bracketed(code, start) : undefined);
  return accessor === undefined ? [] : [accessor, ...accessorsAt(code, start + accessor.length)];
}

/** The text in brackets that opens at `start`, brackets included. */
function bracketed(code: string, start: number): string {
  let depth = 0;
  for (let i = start; i < code.length; i++) {
    if (code[i] === '[') depth++;
    if (code[i] === ']' && --depth === 0) return code.slice(start, i + 1);
  }
  return code.slice(start);
}

/** How many accessors lead to a vector of the type, or all of them where none does before the last. */
function stepsToVector(code: string, declared: string, accessors: readonly string[]): number {
  let type = resolved(code, declared);
  for (let steps = 0; steps < accessors.length; steps++) {
    if (/^vec[234]/.test(type)) return steps;
    const accessor = accessors[steps] ?? '';
    type = resolved(
      code,
      accessor.startsWith('[') ? elementOf(type) : fieldOf(code, type, accessor.slice(1)),
    );
  }
  return accessors.length;
}

/** T of array<T> and of array<T, n>; an array's count holds no angle brackets. */
function elementOf(type: string): string {
  return /^array\s*<\s*(\w+(?:\s*<.*>)?)\s*(?:,[^<>]*)?>$/s.exec(type)?.[1] ?? '';
}

function fieldOf(code: string, struct: string, field: string): string {
  const body = new RegExp(`\\bstruct\\s+${struct}\\s*\\{([^}]*)\\}`).exec(code)?.[1] ?? '';
  return new RegExp(`\\b${field}\\s*:\\s*(\\w+(?:\\s*<.*?>+)?)\\s*(?:,|$)`).exec(body)?.[1] ?? '';
}

function resolved(code: string, type: string): string {
  const name = type.trim();
  const alias = new RegExp(`\\balias\\s+${name}\\s*=\\s*([^;]+);`);
  return /^\w+$/.test(name) ? (alias.exec(code)?.[1]?.trim() ?? name) : name;
}
