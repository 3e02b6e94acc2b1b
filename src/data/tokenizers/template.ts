// Renders a template (Jinja) as Transformers does, where the library by itself would not, and within bounds that it lacks.
import { Template } from '@huggingface/jinja';

/** Characters that a template may write for one conversation: forty times what a context of 100 000 tokens holds. */
const longestText = 16 * 2 ** 20;

/** Numbers that a template may count through: the library makes a list of them. */
const longestRange = 100_000;

/** Names under which a template finds ours. */
const names = { range: 'flopscope_range', strip: 'flopscope_strip' } as const;

/**
 * What a template writes with each set of variables. Blocks are trimmed, as Transformers reads them: that is the library's
 * own way.
 * @throws what the library throws, for what is no Jinja and where the template itself says no
 */
export function renderTemplate(
  template: string,
  variables: readonly Readonly<Record<string, unknown>>[],
): string[] {
  // A line of its own, which trimming takes away, changes nothing else.
  const parsed = new Template(`{% set range = ${names.range} %}\n${template}`);
  visitNodes(parsed.parsed, stripByCharacters);
  return variables.map((own) => {
    const text = parsed.render({ ...own, [names.range]: boundedRange, [names.strip]: strip });
    if (text.length <= longestText) return text;
    throw new Error(`it writes ${text.length} characters, more than ${longestText}`);
  });
}

/** Python's `range`, for as many numbers as a conversation could want. */
function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= longestRange)) throw new Error(`range() of ${count} numbers is longer than ${longestRange}`);
  return Array.from({ length: count }, (_, index) => from + index * step);
}

/** A node of the parsed template: its type and whatever that has. */
interface TemplateNode {
  type: string;
  [key: string]: unknown;
}

/** Calls with every node below a value. */
function visitNodes(value: unknown, visit: (node: TemplateNode) => void): void {
  if (Array.isArray(value)) for (const part of value) visitNodes(part, visit);
  else if (isNode(value)) {
    for (const part of Object.values(value)) visitNodes(part, visit);
    visit(value);
  }
}

function isNode(value: unknown): value is TemplateNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

const stripNames = ['strip', 'lstrip', 'rstrip'];

/** `text.lstrip('\\n')` takes line ends alone in Python; the library's (0.5.11) takes all that is white whatever is asked for. */
function stripByCharacters(node: TemplateNode): void {
  const { callee, args } = node;
  if (node.type !== 'CallExpression' || !isNode(callee) || !Array.isArray(args) || args.length !== 1) return;
  const { object, property, computed } = callee;
  if (callee.type !== 'MemberExpression' || computed === true || !isNode(property)) return;
  if (typeof property.value !== 'string' || !stripNames.includes(property.value)) return;
  node.args = [object, args[0], { type: 'StringLiteral', value: property.value }];
  node.callee = { type: 'Identifier', value: names.strip };
}

function strip(text: unknown, characters: unknown, how: string): string {
  if (typeof text !== 'string') throw new Error(`${how}() is for texts, not for ${typeof text}`);
  const taken = typeof characters === 'string' ? new Set(characters) : undefined;
  const isTaken = (character: string) => (taken ? taken.has(character) : character.trim() === '');
  const all = Array.from(text);
  let [from, to] = [0, all.length];
  while (how !== 'rstrip' && from < to && isTaken(all[from] ?? '')) from++;
  while (how !== 'lstrip' && to > from && isTaken(all[to - 1] ?? '')) to--;
  return all.slice(from, to).join('');
}
