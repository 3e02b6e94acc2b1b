// The model card of an exported run: what the model is, what it was trained on and how far, for people and for the Hub.
import type { RunRecord } from '../../contract/records.ts';
import { type Experiment, parseExperiment } from '../../model/config.ts';
import { formatCount, formatDigits, formatDuration, formatLoss, plainSpaces } from '../../text/numbers.ts';
import { bitsPerByte } from '../../theory/bits-per-byte.ts';

/** The name under which the Hub shows it. */
export const modelCardName = 'README.md';

/** Stands in every card: a file of this name without it is a person's own. */
export const modelCardMark = '<!-- written by Flopscope -->';

const front = `---
library_name: transformers
pipeline_tag: text-generation
tags:
- flopscope
---
`;

const use = `## Use it

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("DIR")
model = AutoModelForCausalLM.from_pretrained("DIR")
inputs = tokenizer("Once", return_tensors="pt", return_token_type_ids=False)
print(tokenizer.decode(model.generate(**inputs, max_new_tokens=100)[0]))
\`\`\`

\`flopscope sample DIR --prompt Once\` writes on here. No licence is stated: whoever trained it says which.
`;

/** The card of a run as it is now, as Markdown. */
export function modelCard(record: RunRecord): string {
  const parsed = parseExperiment(record.experiment);
  const parameters = record.prediction?.parameters;
  const size =
    parameters === undefined
      ? 'A language model'
      : `A language model of ${formatCount(parameters)} parameters`;
  const rows = parsed.kind === 'ok' ? rowsOf(record, parsed.experiment) : [];
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n');
  const text = `${front}${modelCardMark}
# ${plainText(record.title)}

${size}, trained from random weights with Flopscope ${plainText(record.appVersion)}.

| what | figure |
| --- | --- |
${table}

${use}`;
  return plainSpaces(text);
}

function rowsOf(
  record: RunRecord,
  { model, train, data }: Experiment,
): readonly (readonly [string, string])[] {
  const last = record.steps.at(-1);
  const evaluation = record.evaluations.at(-1);
  const { validation } = record.bytesPerToken ?? {};
  const bits =
    validation && evaluation
      ? `, ${formatDigits(bitsPerByte(evaluation.loss, validation))} bits per byte`
      : '';
  const text =
    data.source === 'file'
      ? 'a text of its trainer’s'
      : `\`${data.source}\`, ${formatCount(data.characters)} characters, seed ${data.seed}`;
  const hash = record.dataSha256 === undefined ? '' : ` (SHA-256 ${record.dataSha256.slice(0, 16)}…)`;
  return [
    ['layers, width, heads', `${model.layers}, ${model.width}, ${model.heads}`],
    [
      'context, vocabulary',
      `${formatCount(model.context)}, ${formatCount(model.vocabulary)} tokens (${data.tokenizer})`,
    ],
    ['text', text + hash],
    ...(last
      ? ([
          [
            'trained',
            `${formatCount(last.step)} of ${formatCount(record.totalSteps)} steps, ${formatCount(last.tokens)} tokens, ${formatDuration(last.seconds)}`,
          ],
          ['training loss', `${formatLoss(last.loss)} nats per token`],
        ] as const)
      : []),
    ...(evaluation
      ? ([
          [
            'validation loss',
            `${formatLoss(evaluation.loss)} nats per token at step ${formatCount(evaluation.step)}${bits}`,
          ],
        ] as const)
      : []),
    ['optimizer', `${train.optimizer.kind}, batch ${train.batch} × ${train.accumulation}`],
    ['device', plainText(record.device.name)],
  ];
}

/** A stranger's text on one line, without what Markdown or HTML would make something of. */
function plainText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#&]/g, '\\$&')
    .replace(/\\</g, '&lt;')
    .slice(0, 300);
}
