// Where the parts of a model stand in the drawing: one column from top to bottom, branches side by side, skip connections as
// lanes. Pure: widths of text are estimated, nothing is measured.
import type { DrawnBlock, DrawnModel, DrawnPart, DrawnSection } from './diagram-data.ts';

/** A rectangle. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A part in its place. */
export interface PlacedPart extends Box {
  readonly drawn: DrawnPart;
}

/** A block with its head line; open blocks reach around their parts. */
export interface PlacedBlock extends Box {
  readonly drawn: DrawnBlock;
  readonly section: DrawnSection;
  /** Whether the switch between together and one by one stands here. */
  readonly hasSwitch: boolean;
}

/** A line as SVG path data: `flow` between parts, `residual` around them, `aside` for what is taken along. */
export interface PlacedLine {
  readonly kind: 'flow' | 'residual' | 'aside';
  readonly path: string;
}

/** A whole drawing. */
export interface DiagramLayout {
  /** In the order of the flow, blocks before their parts. */
  readonly items: readonly (
    | ({ readonly kind: 'part' } & PlacedPart)
    | ({ readonly kind: 'block' } & PlacedBlock)
  )[];
  readonly lines: readonly PlacedLine[];
  /** Centres of the signs of addition. */
  readonly sums: readonly { readonly x: number; readonly y: number }[];
  /** Shapes beside lines, and what repeats above blocks. */
  readonly labels: readonly {
    readonly x: number;
    readonly y: number;
    readonly text: string;
    readonly kind: 'shape' | 'section';
  }[];
  readonly height: number;
}

/** Heights and distances, pixels. */
export const sizes = {
  part: 42,
  head: 42,
  gap: 24,
  sumGap: 36,
  sum: 7,
  lane: 24,
  aside: 18,
  inset: 8,
  columns: 34,
} as const;

/** A stretch of parts: a part, or two chains side by side. */
type Chain = readonly (DrawnPart | { readonly left: Chain; readonly right: Chain })[];

interface End {
  readonly x: number;
  readonly y: number;
  readonly id?: string;
}

interface Column {
  readonly x: number;
  readonly width: number;
}

/** Lays out a drawing of this width, from `top` on. */
export function layOutDiagram(
  { before, sections, after }: DrawnModel,
  width: number,
  top: number,
): DiagramLayout {
  const placing = new Placing(top);
  const inner = { x: sizes.inset + sizes.lane, width: width - 2 * sizes.inset - sizes.lane - sizes.aside };
  const outer = { x: 1, width: width - 2 };
  placing.begin(inner, 'tokens [B, T]');
  placing.chain(chainOf(before), inner);
  for (const section of sections) {
    if (section.title !== '') placing.title(section.title, outer);
    section.blocks.forEach((block, index) => {
      placing.block({ drawn: block, section, hasSwitch: section.canSplit && index === 0 }, outer, inner);
    });
  }
  placing.chain(chainOf(after.filter(({ part }) => part.kind !== 'update')), inner);
  placing.apart(
    after.filter(({ part }) => part.kind === 'update'),
    inner,
  );
  return placing.layout();
}

/** Puts branches side by side: a part that takes nothing from the one before it begins one, up to where both meet. */
export function chainOf(parts: readonly DrawnPart[]): Chain {
  let chain: Chain = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    const previous = parts[index - 1];
    if (!part) break;
    const takes = (one: DrawnPart, from: DrawnPart) =>
      one.part.inputs.some((input) => input.from === from.part.id);
    const join =
      previous && !takes(part, previous)
        ? parts.findIndex((one, at) => at >= index && takes(one, previous))
        : -1;
    if (!previous || join < 0) {
      chain = [...chain, part];
      continue;
    }
    const sources = part.part.inputs.map(({ from }) => parts.findIndex((one) => one.part.id === from));
    const isSource = (item: Chain[number]) => 'part' in item && parts.indexOf(item) === Math.max(...sources);
    const start = chain.findIndex(isSource) + 1;
    const isAdded = parts[join]?.part.inputs.some(
      ({ from, role }) => from === previous.part.id && role === 'residual',
    );
    const end = isAdded ? join + 1 : Math.max(join, index + 1);
    chain = [...chain.slice(0, start), { left: chain.slice(start), right: chainOf(parts.slice(index, end)) }];
    index = end - 1;
  }
  return chain;
}

/** Parts of a chain in order. */
function partsOf(chain: Chain): DrawnPart[] {
  return chain.flatMap((item) => ('part' in item ? [item] : [...partsOf(item.left), ...partsOf(item.right)]));
}

/** Collects what is placed, from top to bottom. */
class Placing {
  readonly #items: DiagramLayout['items'][number][] = [];
  readonly #lines: PlacedLine[] = [];
  readonly #sums: { x: number; y: number }[] = [];
  readonly #labels: DiagramLayout['labels'][number][] = [];
  /** Parts by id with where what they make can be taken. */
  readonly #places = new Map<string, { readonly box: Box; readonly exit: number }>();
  /** Ends that wait for what takes them: the part of this id, or whatever comes next. */
  #ends: End[] = [];
  #flowing = '';
  #asides = 0;
  /** Where the present block takes its input. */
  #entry = { x: 0, y: 0 };
  #y: number;

  constructor(top: number) {
    this.#y = top;
  }

  layout(): DiagramLayout {
    return {
      items: this.#items,
      lines: this.#lines,
      sums: this.#sums,
      labels: this.#labels,
      height: Math.ceil(this.#y + 2),
    };
  }

  /** What comes in at the top. */
  begin({ x, width }: Column, text: string): void {
    this.#ends = [{ x: x + width / 2, y: this.#y }];
    this.#flowing = text;
  }

  title(text: string, { x }: Column): void {
    this.#labels.push({ kind: 'section', x: x + 2, y: this.#y + 16, text });
    this.#y += 24;
  }

  block(block: Omit<PlacedBlock, keyof Box>, outer: Column, inner: Column): void {
    const { drawn } = block;
    const x = inner.x + inner.width / 2;
    this.#arrive({ x, y: this.#y + sizes.gap });
    const at = this.#items.length;
    const top = this.#y;
    this.#y += sizes.head;
    if (drawn.isOpen) {
      const parts = new Set(drawn.parts.map(({ part }) => part.id));
      this.#entry = { x, y: this.#y + 8 };
      this.#ends = [{ x, y: this.#y }];
      this.#y += 4;
      this.chain(chainOf(drawn.parts), inner, parts);
      this.#y += 10;
    }
    const height = this.#y - top;
    this.#items.splice(at, 0, { kind: 'block', ...block, x: outer.x, y: top, width: outer.width, height });
    this.#leave({ x, y: this.#y });
    if (!drawn.isOpen) this.#flowing = drawn.parts.at(-1)?.part.output.letters ?? '';
  }

  /** Parts that nothing flows into. */
  apart(parts: readonly DrawnPart[], column: Column): void {
    this.#ends = [];
    for (const drawn of parts) {
      this.#y += sizes.gap;
      this.#items.push({ kind: 'part', drawn, ...column, y: this.#y, height: sizes.part });
      this.#y += sizes.part;
    }
  }

  /** @param inside ids of the block's parts: residuals from elsewhere come in at its top */
  chain(chain: Chain, column: Column, inside?: ReadonlySet<string>): void {
    for (const item of chain) {
      if ('part' in item) this.#part(item, column, inside);
      else this.#columns(item, column, inside);
    }
  }

  #columns(
    { left, right }: { readonly left: Chain; readonly right: Chain },
    { x, width }: Column,
    inside?: ReadonlySet<string>,
  ): void {
    const half = (width - sizes.columns) / 2;
    const [ends, top, flowing] = [this.#ends, this.#y, this.#flowing];
    this.chain(left, { x, width: half }, inside);
    const [leftEnds, leftY] = [this.#ends, this.#y];
    [this.#ends, this.#y, this.#flowing] = [ends, top, flowing];
    this.chain(right, { x: x + half + sizes.columns, width: half }, inside);
    const added =
      partsOf(right)
        .at(-1)
        ?.part.inputs.filter(({ role }) => role === 'residual') ?? [];
    // What is added is drawn to the sign of addition; anything else goes on beside.
    const waiting = leftEnds.filter(({ id }) => !added.some(({ from }) => from === id));
    this.#ends = [...waiting, ...this.#ends];
    this.#y = Math.max(leftY, this.#y);
  }

  #part(drawn: DrawnPart, { x, width }: Column, inside: ReadonlySet<string> | undefined): void {
    const { part } = drawn;
    const middle = x + width / 2;
    this.#arrive({ x: middle, y: this.#y + sizes.gap }, part);
    const box = { x, y: this.#y, width, height: sizes.part };
    this.#items.push({ kind: 'part', drawn, ...box });
    this.#y += sizes.part;
    const added = part.inputs.filter(({ role }) => role === 'residual');
    const isSum = part.kind === 'sum' && part.inputs[0]?.role === 'main' && part.title === 'Sum';
    if (added.length > 0 && !isSum) {
      const centre = { x: middle, y: this.#y + 14 };
      this.#lines.push({ kind: 'flow', path: `M${middle} ${this.#y}V${centre.y - sizes.sum}` });
      this.#sums.push(centre);
      this.#y = centre.y + sizes.sum;
      for (const { from } of added) this.#residual(from, { x: centre.x - sizes.sum, y: centre.y }, x, inside);
    } else {
      for (const { from } of added) this.#residual(from, { x: box.x, y: box.y + box.height / 2 }, x, inside);
    }
    for (const { from, role } of part.inputs) if (role === 'aside') this.#aside(from, box);
    this.#places.set(part.id, { box, exit: this.#y });
    this.#flowing = part.output.letters;
    this.#ends = [...this.#ends, { x: middle, y: this.#y, id: part.id }];
  }

  /** A line around the parts between, on the left; from beside where both stand side by side. */
  #residual(
    from: string,
    to: { readonly x: number; readonly y: number },
    left: number,
    inside: ReadonlySet<string> | undefined,
  ): void {
    const source = inside?.has(from) === false ? undefined : this.#places.get(from);
    if (source && source.box.x + source.box.width < left) {
      const x = source.box.x + source.box.width / 2;
      this.#lines.push({ kind: 'residual', path: `M${x} ${source.exit}V${to.y}H${to.x}` });
      return;
    }
    const start = source ? { x: source.box.x + source.box.width / 2, y: source.exit + 6 } : this.#entry;
    const lane = left - sizes.lane / 2;
    this.#lines.push({
      kind: 'residual',
      path: `M${start.x} ${start.y}H${lane + 6}q-6 0-6 6V${to.y - 6}q0 6 6 6H${to.x}`,
    });
  }

  /** A dotted line on the right; two that stand beside each other take turns. */
  #aside(from: string, box: Box): void {
    const source = this.#places.get(from)?.box;
    if (!source || source.x !== box.x || source.width !== box.width) return;
    this.#asides += 1;
    const out = this.#asides % 2 === 0 ? 9 : 3;
    const x = source.x + source.width;
    const [y, end] = [source.y + source.height / 2 + 6, box.y + box.height / 2 - 6];
    this.#lines.push({ kind: 'aside', path: `M${x} ${y}h${out}q4 0 4 4V${end - 4}q0 4-4 4h-${out}` });
  }

  /** Draws the ends that a part takes, or all, to a point; several meet on the way. */
  #arrive(to: { readonly x: number; readonly y: number }, part?: DrawnPart['part']): void {
    this.#y = to.y;
    const isTaken = ({ id }: End) => !part || id === undefined || part.inputs.some(({ from }) => from === id);
    const taken = this.#ends.filter(isTaken);
    this.#ends = this.#ends.filter((end) => !isTaken(end));
    if (taken.length === 0) return;
    const bend = to.y - sizes.gap + 4;
    for (const { x, y } of taken) {
      const path = x === to.x ? `M${x} ${y}V${to.y}` : `M${x} ${y}V${bend}H${to.x}V${to.y}`;
      this.#lines.push({ kind: 'flow', path: `${path}m-4-5l4 5l4-5` });
    }
    const text = part?.inputs[0]?.shape.letters ?? this.#flowing;
    if (text !== '') this.#labels.push({ kind: 'shape', x: to.x + 9, y: to.y - 7, text });
  }

  #leave(end: { readonly x: number; readonly y: number }): void {
    for (const { x, y } of this.#ends) {
      this.#lines.push({
        kind: 'flow',
        path: x === end.x ? `M${x} ${y}V${end.y}` : `M${x} ${y}V${end.y - 5}H${end.x}V${end.y}`,
      });
    }
    this.#ends = [end];
  }
}
