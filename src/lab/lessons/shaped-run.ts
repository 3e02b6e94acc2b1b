// Models of one size laid out in several shapes, as lessons compare them: what is trained, and how N is counted.
import { type ModelConfig, parseModel } from '../../model/config.ts';
import { shapeOf } from '../studies/shape.ts';
import type { LessonTools } from './lesson.ts';
import { trainForLaw } from './scaling-run.ts';

/** Two layers of nanoGPT's block with heads of four channels, as the recorded runs have them but for the heads' size. */
const recipe = {
  norm: 'layerNorm',
  position: 'learned',
  activation: 'geluTanh',
  bias: false,
  tiedHead: true,
  layers: 2,
  headSize: 4,
  context: 32,
} as const;

/** Sequences a step, and tokens of all of them. */
export const shapedBatch = 8;
export const shapedTokens = shapedBatch * recipe.context;

/** N of the blocks, of every shape. */
export const shapedParameters = 9216;

/** How one size is laid out. */
export interface LaidOut {
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
}

/** How long each is trained, and on how much text. */
export interface ShapedLength {
  readonly steps: number;
  readonly characters: number;
}

/** The model of a shape as an experiment has it. */
function shapedModel({ width, heads, hidden }: LaidOut) {
  return { ...recipe, width, heads, hidden };
}

/** The same with all that follows from it, for a vocabulary of one. */
export function parsedShape(shape: LaidOut): ModelConfig {
  const parsed = parseModel({ ...shapedModel(shape), vocabulary: 1 });
  if (parsed.kind !== 'ok') throw new Error(`lesson: ${parsed.problems[0]?.message}`);
  return parsed.model;
}

/** N of the blocks as the program itself counts it, not as the lesson laid it out. */
export function countBlocks(shape: LaidOut): number {
  return shapeOf(parsedShape(shape), 'blocks', 1).parameters;
}

/** Trains every shape in turn. @returns validation losses in nats per character */
export async function trainShapes<Shape extends LaidOut>(
  tools: LessonTools,
  shapes: readonly Shape[],
  { steps, characters }: ShapedLength,
  name: (shape: Shape) => string,
): Promise<readonly number[]> {
  const losses: number[] = [];
  for (const [index, shape] of shapes.entries()) {
    const run = {
      model: shapedModel(shape),
      parameters: shapedParameters,
      batch: shapedBatch,
      source: 'zipf' as const,
      steps,
      characters,
    };
    losses.push(
      await trainForLaw(tools, run, (done) =>
        tools.report((index + done / steps) / shapes.length, `Training ${name(shape)}`),
      ),
    );
  }
  return losses;
}
