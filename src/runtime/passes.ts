// Cuts a submit into compute passes: tensors are copied into and out of between passes, so that replays can share a submit.
import type { QueuedWork, WorkPiece } from './work-queue.ts';

/** A copy between two buffers. */
export interface BufferCopy {
  readonly from: GPUBuffer;
  readonly fromOffset: number;
  readonly to: GPUBuffer;
  readonly toOffset: number;
  readonly bytes: number;
}

/** What is copied before the first and behind the last dispatch of a replay. */
export interface ReplayCopies {
  readonly before: readonly BufferCopy[];
  readonly after: readonly BufferCopy[];
}

/** One pass with its copies. */
export interface PassWork<P> {
  readonly before: readonly BufferCopy[];
  readonly pieces: readonly WorkPiece<P>[];
  readonly after: readonly BufferCopy[];
}

/** As few passes as the copies of the replays allow. */
export function passesOf<P extends { readonly dispatches: readonly unknown[] }>(
  { pieces }: QueuedWork<P>,
  copies: readonly ReplayCopies[],
): PassWork<P>[] {
  const passes: { before: readonly BufferCopy[]; pieces: WorkPiece<P>[]; after: readonly BufferCopy[] }[] =
    [];
  for (const piece of pieces) {
    const { plan, replay, segment } = piece;
    const { dispatches } = plan;
    // Copies belong to whole replays: of one that is cut into pieces, before its first and behind its last.
    const isFirst = segment.from === 0 && (segment.slice?.first ?? 0) === 0;
    const isLast = segment.to === dispatches.length;
    const before = isFirst ? (copies[replay]?.before ?? []) : [];
    const open = passes.at(-1);
    // A pass cannot hold copies: what must be copied in between ends it. Fewer passes mean fewer gaps on the
    // GPU.
    let pass = open && open.after.length === 0 && before.length === 0 ? open : undefined;
    if (!pass) {
      pass = { before, pieces: [], after: [] };
      passes.push(pass);
    }
    pass.pieces.push(piece);
    if (isLast) pass.after = copies[replay]?.after ?? [];
  }
  return passes;
}

/** What the `index`-th of so many passes must be begun with, so that one pair of timestamps spans them all. */
export function timestampsOf(
  writes: GPUComputePassTimestampWrites | undefined,
  index: number,
  passes: number,
): GPUComputePassDescriptor {
  if (!writes || (index > 0 && index < passes - 1)) return {};
  const { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex } = writes;
  const begin = index === 0 && beginningOfPassWriteIndex !== undefined ? { beginningOfPassWriteIndex } : {};
  const end = index === passes - 1 && endOfPassWriteIndex !== undefined ? { endOfPassWriteIndex } : {};
  return { timestampWrites: { querySet, ...begin, ...end } };
}
