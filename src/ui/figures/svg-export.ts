// Writes a drawing of the page as a file that stands alone: .svg with text as text and its style as attributes, or .png.
import { downloadBytes, downloadText } from '../state/files.ts';

/** Properties that a drawing may take from style sheets, and what they are when nobody sets them. */
const properties: Readonly<Record<string, string>> = {
  fill: '',
  stroke: 'none',
  'stroke-width': '1px',
  'stroke-dasharray': 'none',
  'stroke-linecap': 'butt',
  'stroke-linejoin': 'miter',
  opacity: '1',
  'fill-opacity': '1',
  'stroke-opacity': '1',
  'paint-order': 'normal',
};
const textProperties = ['font-family', 'font-size', 'font-weight', 'text-anchor', 'dominant-baseline'];
const keptAttributes = /^(x|y|x1|x2|y1|y2|cx|cy|r|rx|ry|dx|dy|d|points|width|height|viewBox|transform)$/;
const keptElements = new Set(
  'svg g path line polyline polygon rect circle ellipse text tspan title desc'.split(' '),
);
/** Free space around the drawing in the file, pixels. */
const margin = 12;
const svgNamespace = 'http://www.w3.org/2000/svg';

/** A colour without its opacity, and the opacity where it is below one: many programs know no rgba() in a file. */
export function splitColour(colour: string): { readonly colour: string; readonly opacity?: string } {
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)(?:\s*[,/]\s*([\d.]+)(%?))?\s*\)$/.exec(colour);
  const mixed = /^color\(srgb\s+([\d.e-]+)\s+([\d.e-]+)\s+([\d.e-]+)(?:\s*\/\s*([\d.]+)(%?))?\s*\)$/.exec(
    colour,
  );
  const found = rgb ?? mixed;
  if (found === null) return { colour };
  const hex = found
    .slice(1, 4)
    .map((part) => Math.round(Math.min(1, Math.max(0, Number(part) / (rgb ? 255 : 1))) * 255))
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('');
  const alpha = found[4] === undefined ? 1 : Number(found[4]) / (found[5] === '%' ? 100 : 1);
  return alpha < 1 ? { colour: `#${hex}`, opacity: String(alpha) } : { colour: `#${hex}` };
}

/**
 * The file's text. Colours are those of the scheme on display, on the colour of the page below. Elements with
 * `data-screen-only` (what follows the mouse) stay out; of the others only shapes, text and their geometry are written.
 */
export function svgText(drawing: SVGSVGElement, title: string): string {
  const file = document.implementation.createDocument(svgNamespace, 'svg');
  const root = file.documentElement;
  const { width, height } = drawing.viewBox.baseVal;
  const box = width > 0 ? { width, height } : drawing.getBoundingClientRect();
  const [wide, high] = [box.width + 2 * margin, box.height + 2 * margin];
  root.setAttribute('viewBox', `${-margin} ${-margin} ${wide} ${high}`);
  root.setAttribute('width', String(wide));
  root.setAttribute('height', String(high));
  const name = file.createElementNS(svgNamespace, 'title');
  name.textContent = title;
  const ground = file.createElementNS(svgNamespace, 'rect');
  for (const corner of ['x', 'y']) ground.setAttribute(corner, String(-margin));
  for (const side of ['width', 'height']) ground.setAttribute(side, '100%');
  ground.setAttribute('fill', splitColour(groundColour(drawing)).colour);
  root.append(name, ground);
  for (const child of drawing.childNodes) copyNode(child, root);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(file)}\n`;
}

/** Starts the download of a drawing as `fileName`.svg. */
export function downloadSvg(drawing: SVGSVGElement, fileName: string, title: string): void {
  downloadText(`${fileName}.svg`, svgText(drawing, title), 'image/svg+xml');
}

/** Pixels of a .png for one of the drawing: sharp on paper and on dense screens. */
const pngScale = 2;

/** Starts the download of a drawing as `fileName`.png, in the colours on display. */
export async function downloadPng(drawing: SVGSVGElement, fileName: string, title: string): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(drawing, title))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth * pngScale;
  canvas.height = image.naturalHeight * pngScale;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (blob === null)
    throw new Error(`figure: the browser draws no picture of ${canvas.width} × ${canvas.height}.`);
  downloadBytes(`${fileName}.png`, new Uint8Array(await blob.arrayBuffer()), 'image/png');
}

/** The first drawing in a tree, shadow trees included, that is a figure and no mere sign (`aria-hidden`). */
export function findDrawing(root: Element | ShadowRoot): SVGSVGElement | undefined {
  if (root instanceof SVGSVGElement && root.getAttribute('aria-hidden') !== 'true') return root;
  const inside = 'shadowRoot' in root && root.shadowRoot ? [root.shadowRoot] : [];
  for (const child of [...inside, ...root.children]) {
    const found = findDrawing(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function copyNode(node: Node, target: Element): void {
  if (node.nodeType === Node.TEXT_NODE) {
    if (target.localName !== 'svg' && target.localName !== 'g') target.append(node.textContent ?? '');
    return;
  }
  if (!(node instanceof SVGElement) || node.hasAttribute('data-screen-only')) return;
  if (!keptElements.has(node.localName)) return;
  const copy = target.ownerDocument.createElementNS(svgNamespace, node.localName);
  for (const { name, value } of node.attributes) {
    if (keptAttributes.test(name)) copy.setAttribute(name, value);
  }
  if (node.localName !== 'title' && node.localName !== 'desc') copyStyle(node, copy);
  for (const child of node.childNodes) copyNode(child, copy);
  target.append(copy);
}

/** Writes down what the style sheets make of an element: on shapes and texts, where it shows. */
function copyStyle(from: SVGElement, to: Element): void {
  const style = getComputedStyle(from);
  const isText = from.localName === 'text' || from.localName === 'tspan';
  if (from.localName === 'g' || from.localName === 'svg') {
    if (style.opacity !== '1') to.setAttribute('opacity', style.opacity);
    return;
  }
  for (const [property, usual] of Object.entries(properties)) {
    const value = style.getPropertyValue(property);
    if (value === '' || value === usual || (property === 'fill' && from.localName === 'line')) continue;
    const { colour, opacity } = splitColour(value);
    to.setAttribute(property, colour);
    if (opacity !== undefined) to.setAttribute(`${property}-opacity`, opacity);
  }
  for (const property of isText ? textProperties : []) {
    to.setAttribute(property, style.getPropertyValue(property));
  }
}

/** The first colour that is not transparent, from the drawing outwards. */
function groundColour(drawing: Element): string {
  for (let element: Element | null = drawing; element !== null; element = parentOf(element)) {
    const { backgroundColor } = getComputedStyle(element);
    if (!/^(transparent|rgba\(0, 0, 0, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return '#ffffff';
}

function parentOf(element: Element): Element | null {
  if (element.assignedSlot !== null) return element.assignedSlot;
  if (element.parentElement !== null) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}
