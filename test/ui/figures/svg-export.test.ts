// Colours of an exported drawing; the drawing itself is checked in the browser (test/e2e/costs.test.ts).
import { expect, it } from 'vitest';
import { splitColour } from '../../../src/ui/figures/svg-export.ts';

it.each([
  ['rgb(10, 116, 102)', { colour: '#0a7466' }],
  ['rgba(10, 116, 102, 0.32)', { colour: '#0a7466', opacity: '0.32' }],
  ['rgb(255 0 16 / 50%)', { colour: '#ff0010', opacity: '0.5' }],
  ['color(srgb 1 0.5 0)', { colour: '#ff8000' }],
  ['color(srgb 1.02 0.5 -0 / 0.25)', { colour: '#ff8000', opacity: '0.25' }],
  ['none', { colour: 'none' }],
  ['4px, 3px', { colour: '4px, 3px' }],
])('writes %s so that any program reads it', (given, written) => {
  expect(splitColour(given)).toEqual(written);
});
