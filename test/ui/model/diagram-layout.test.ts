// Where the parts of a model stand: nothing overlaps or leaves the drawing, branches stand side by side, lines meet parts.
import { describe, expect, it } from 'vitest';
import { drawnModel } from '../../../src/ui/model/diagram-data.ts';
import { type Box, type DiagramLayout, layOutDiagram } from '../../../src/ui/model/diagram-layout.ts';
import { drawings, tinyDiagram } from './diagrams.ts';

const widths = [280, 310, 620, 1100];

function layOut(name: string, width: number, split: readonly number[] = []): DiagramLayout {
  const diagram = tinyDiagram(drawings[name]);
  return layOutDiagram(drawnModel(diagram, { split: new Set(split), flipped: new Set() }), width, 30);
}

const boxesOf = ({ items }: DiagramLayout) => items.flatMap((item) => (item.kind === 'part' ? [item] : []));
const boxOf = (layout: DiagramLayout, id: string): Box => {
  const found = boxesOf(layout).find(({ drawn }) => drawn.part.id === id);
  if (!found) throw new Error(`no part ${id}`);
  return found;
};
const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe.each(Object.keys(drawings))('the drawing of %s', (name) => {
  it.each(widths)('keeps its parts apart and inside, %d pixels wide', (width) => {
    for (const layout of [layOut(name, width), layOut(name, width, [0, 1])]) {
      const boxes = boxesOf(layout);
      boxes.forEach((box, index) => {
        for (const other of boxes.slice(index + 1)) expect(overlap(box, other)).toBe(false);
      });
      for (const { x, y, width: wide, height } of layout.items) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + wide).toBeLessThanOrEqual(width);
        expect(y).toBeGreaterThanOrEqual(30);
        expect(y + height).toBeLessThanOrEqual(layout.height);
      }
    }
  });

  it('puts every part below all that it takes from', () => {
    const layout = layOut(name, 620);
    const boxes = boxesOf(layout);
    for (const { drawn, y } of boxes) {
      for (const { from, role } of drawn.part.inputs) {
        const source = boxes.find((box) => box.drawn.part.id === from);
        // What is added comes in below the part.
        if (source && role !== 'residual') expect(source.y + source.height).toBeLessThan(y);
      }
    }
  });

  it('draws a line for every residual', () => {
    const layout = layOut(name, 620);
    const added = boxesOf(layout).flatMap(({ drawn }) =>
      drawn.part.inputs.filter(({ role }) => role === 'residual'),
    );
    const lines = layout.lines.filter(({ kind }) => kind === 'residual');
    expect(lines).toHaveLength(added.length);
    expect(added.length > 0).toBe(name !== 'no skip connections');
  });
});

describe('layOutDiagram', () => {
  it('stands the two parts of a parallel block side by side', () => {
    const layout = layOut('parallel blocks', 620);
    const [qkv, expand] = [
      boxOf(layout, 'layer 0 / attention / qkv'),
      boxOf(layout, 'layer 0 / ffn / expand'),
    ];
    expect(qkv.y).toBe(expand.y);
    expect(qkv.x + qkv.width).toBeLessThan(expand.x);
  });

  it('stands the shared expert beside the router and the chosen ones', () => {
    const layout = layOut('experts and a shared one', 620);
    const [shared, router] = [
      boxOf(layout, 'layer 1 / ffn / shared'),
      boxOf(layout, 'layer 1 / ffn / router'),
    ];
    expect(shared.y).toBe(router.y);
    expect(boxOf(layout, 'layer 1 / ffn / combine').x).toBe(router.x);
  });

  it('brings queries, latents and the rotated key together where they are packed', () => {
    const layout = layOut('latent attention', 900);
    const places = boxesOf(layout).filter(({ drawn }) =>
      drawn.part.id.startsWith('layer 0 / attention / qkv'),
    );
    expect(new Set(places.map(({ x }) => x)).size).toBe(3); // queries, latents, rotated key
    const pack = boxOf(layout, 'layer 0 / attention / rope');
    const arriving = layout.lines.filter(({ kind, path }) => kind === 'flow' && path.includes(`V${pack.y}m`));
    expect(arriving).toHaveLength(3);
  });

  it('lists blocks before their parts, in the order of the flow', () => {
    const { items } = layOut('GPT-2', 620);
    expect(
      items.map((item) => (item.kind === 'block' ? item.drawn.title : item.drawn.part.title)).slice(0, 4),
    ).toEqual(['Embedding', 'Layers 0–1 · × 2', 'LayerNorm', 'Queries, keys, values']);
  });

  it('writes what repeats above a pattern', () => {
    const { labels } = layOut('windows in a pattern', 620);
    expect(labels.filter(({ kind }) => kind === 'section').map(({ text }) => text)).toEqual([
      'Layers 0–7: 2 × LLLG',
    ]);
  });
});
