// The README of a folder that goes on elsewhere: how it is run, what is taken over, and what the rest of the run costs there.
import type { Experiment } from '../../model/config.ts';
import { formatCount, formatDigits, formatPercent, formatSi } from '../../text/numbers.ts';
import type { Progress } from '../training/trainer.ts';

/** Training flops of a token, by two counts. */
export interface JobCosts {
  /** Press's Table 1 for this shape, three times forward, a multiply-add as two. */
  readonly pressFlopsPerToken: number;
  /** The sum over the dispatches of a step here, divided by its tokens. */
  readonly planFlopsPerToken: number;
  /** Part of the peak that the job is assumed to reach (model flops utilization). */
  readonly utilization: number;
}

/** Peaks of the makers' data sheets, bfloat16 products with float32 sums, dense; flops per second. */
const accelerators = [
  ['NVIDIA L4', 121e12],
  ['NVIDIA A100 (SXM)', 312e12],
  ['NVIDIA H100 (SXM)', 989e12],
] as const;

/** Hours that so many flops take. @param flopsPerSecond of one device @param utilization part of it that is reached */
export function deviceHours(flops: number, flopsPerSecond: number, utilization: number): number {
  return flops / (flopsPerSecond * utilization) / 3600;
}

/** The guide as Markdown. */
export function continuationGuide(
  { model, train }: Experiment,
  { step, tokens }: Pick<Progress, 'step' | 'tokens'>,
  { pressFlopsPerToken, planFlopsPerToken, utilization }: JobCosts,
): string {
  const rows = train.batch * train.accumulation;
  const left = Math.max(0, train.steps - step) * rows * model.context;
  const hours = (perToken: number, peak: number) =>
    formatDigits(deviceHours(perToken * left, peak, utilization));
  const costs = accelerators.map(
    ([name, peak]) =>
      `| ${name} | ${formatSi(peak, 'FLOP/s')} | ${hours(pressFlopsPerToken, peak)} | ${hours(planFlopsPerToken, peak)} |`,
  );
  const dropout = model.dropout > 0 ? ' Dropout is drawn anew, where the family has it.' : '';
  return `# A run of Flopscope that goes on here

It stands at step ${formatCount(step)} of ${formatCount(train.steps)}, after ${formatCount(tokens)} tokens.

\`\`\`
pip install torch transformers accelerate
python train.py                                           # one process, on a GPU or on the processor
torchrun --nproc-per-node 8 train.py                      # FSDP over the GPUs of a machine
accelerate launch --use_fsdp --num_processes 8 train.py   # the same by Accelerate's launcher
\`\`\`

\`train.py --help\` says what can be chosen: \`--bf16\`, \`--steps\`, \`--rows\` of one forward pass, \`--out\`, and \`--from OUT\` to go on with
what it wrote. Every step trains on the ${formatCount(rows)} rows that it would have had in Flopscope, shared out over the processes:
their number must divide ${formatCount(rows)}.

| file | what it is |
| --- | --- |
| \`model/\` | configuration, weights and tokenizer, for \`from_pretrained\` |
| \`optimizer/\` | what ${train.optimizer.kind} keeps, each state under the names of the weights |
| \`training.bin\`, \`validation.bin\` | the tokens, without a header; \`run.json\` says their type |
| \`run.json\` | configuration, step, and where the batches' generator stands |

Taken over are weights, optimizer, schedule, clipping, batches and their order.${dropout}

## What the rest costs

${formatCount(left)} tokens are left. Training one takes ${formatSi(pressFlopsPerToken, 'FLOP')} by Press's table for this shape, and
${formatSi(planFlopsPerToken, 'FLOP')} by the dispatches of a step in Flopscope. GPU-hours at an assumed ${formatPercent(utilization)} of the peak (MFU), peaks
by the makers' data sheets for bfloat16:

| GPU | peak | GPU-hours by Press | GPU-hours by plan |
| --- | --- | --- | --- |
${costs.join('\n')}

Good programs reach such a part with models of a billion parameters and more. A model of a few million keeps no such GPU busy:
the rate that \`train.py\` prints says what is reached.
`;
}
