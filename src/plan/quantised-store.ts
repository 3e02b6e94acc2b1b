// Places for parameters of which some are quantised: inference only, so there are no gradients and no moments.
import { type QuantisedFormat, quantisedMatrices, quantisedWords, type WeightFormat } from './quantised.ts';
import {
  layoutParameters,
  type Parameter,
  type ParameterBlock,
  type ParameterShape,
  type ParameterStore,
  parameterAlignment,
  persistentTensor,
  type Shard,
} from './store.ts';
import type { Tensor } from './tensor.ts';

/** A quantised parameter, or some outputs of a table. */
interface Piece {
  readonly parameter: ParameterShape;
  readonly firstRow: number;
  readonly shape: readonly number[];
  readonly format: QuantisedFormat;
}

/** Outputs of a block start at multiples of this, so that every column block of the logits is a legal binding. */
const blockOutputs = 64;

/**
 * Lays parameters out for inference: those in f32 as ever, the others as words in shards of their own.
 * @param formatOf how each is stored; what is quantised must be a matrix, a table or a matrix for each expert
 * @throws if a quantised matrix exceeds what the device binds at once; tables are cut into blocks of rows
 */
export function layoutQuantised<Shape extends ParameterShape>(
  shapes: readonly Shape[],
  maxBindingBytes: number,
  formatOf: (shape: Shape) => WeightFormat,
): ParameterStore {
  const exact = layoutParameters(
    shapes.filter((shape) => formatOf(shape) === 'f32'),
    [],
    maxBindingBytes,
    false,
  );
  const limit = Math.floor(maxBindingBytes / 4 / parameterAlignment) * parameterAlignment;
  const pieces = shapes.flatMap((parameter) => {
    const format = formatOf(parameter);
    return format === 'f32' ? [] : piecesOf(parameter, format, limit);
  });
  const groups: Piece[][] = [];
  let filled = limit;
  for (const piece of pieces) {
    const words = placeWords(piece);
    if (filled + words > limit) {
      groups.push([]);
      filled = 0;
    }
    groups.at(-1)?.push(piece);
    filled += words;
  }
  const shards = groups.map(layoutShard);
  const blocks = new Map<string, ParameterBlock[]>();
  for (const { parameter, block } of shards.flatMap((shard) => shard.pieces))
    blocks.set(parameter, [...(blocks.get(parameter) ?? []), block]);
  const parameters = shapes.map((shape): [string, Parameter] => {
    const own = { ...shape, blocks: blocks.get(shape.name) ?? [], factors: new Map() };
    return [shape.name, exact.parameters.get(shape.name) ?? own];
  });
  return { ...exact, parameters: new Map(parameters), shards: [...exact.shards, ...shards] };
}

/** A matrix whole, a table in as few blocks of rows as the limit allows. */
function piecesOf(parameter: ParameterShape, format: QuantisedFormat, limit: number): Piece[] {
  const { name, shape, isTable } = parameter;
  const whole = { parameter, firstRow: 0, shape, format };
  const words = placeWords(whole);
  if (words <= limit) return [whole];
  const [rows = 1, inner = 1] = shape;
  const few = placeWords({ ...whole, shape: [blockOutputs, inner] });
  const blockRows = Math.floor(limit / few) * blockOutputs;
  if (!isTable || blockRows < 1) {
    throw new Error(
      `quantise: ${name} [${shape.join(', ')}] needs ${4 * words} bytes in ${format}, more than this device binds at ` +
        `once (${4 * limit}). Lower the width or the hidden size.`,
    );
  }
  return Array.from({ length: Math.ceil(rows / blockRows) }, (_, index) => {
    const firstRow = index * blockRows;
    return { ...whole, firstRow, shape: [Math.min(blockRows, rows - firstRow), inner] };
  });
}

/** Words that a piece takes, padded so that the next one starts on a binding boundary. */
function placeWords({ parameter, shape, format }: Piece): number {
  const words = quantisedWords(quantisedMatrices(format, { ...parameter, shape }));
  return Math.ceil(words / parameterAlignment) * parameterAlignment;
}

function layoutShard(pieces: readonly Piece[], index: number): Shard {
  const elements = pieces.reduce((sum, piece) => sum + placeWords(piece), 0);
  const weights = persistentTensor(`quantised weights ${index}`, [elements], 'u32', 'weights');
  let offset = 0;
  const placed = pieces.map((piece) => {
    const { parameter, firstRow, shape, format } = piece;
    const quantised = quantisedMatrices(format, { ...parameter, shape });
    const weight: Tensor = { ...weights, name: parameter.name, shape, offset, quantised };
    offset += placeWords(piece);
    return { parameter: parameter.name, block: { firstRow, weight, gradient: weight, states: new Map() } };
  });
  return { weights, gradients: weights, states: new Map(), decayElements: 0, pieces: placed };
}
