// `flopscope sample --chat`: a conversation, by the template of the model; its turns are an option, or the lines of stdin.
import { createInterface } from 'node:readline';
import type { ChatMessage } from '../data/chat-text.ts';
import { Chat, chatFormatOf } from '../data/tokenizers/chat.ts';
import { stage } from '../lab/plans/problem.ts';
import { type Answering, answerConversation } from '../lab/sampling/chat-answer.ts';
import type { SamplingOptions } from '../lab/sampling/options.ts';
import { type FoundTokenizer, tokenizerOf } from '../lab/training/tokenizer-files.ts';
import { refuse } from './failure.ts';
import type { Output } from './output.ts';

/** What is asked. */
export interface ChatTurns {
  /** The one question; lines of stdin without it. */
  readonly prompt?: string;
  /** What stands before all turns. */
  readonly system?: string;
}

/** The conversations of a model's tokenizer. @throws LabError where it has no template */
export async function chatOf(files: FoundTokenizer): Promise<Chat> {
  const tokenizer = tokenizerOf(files, 'A chat needs a tokenizer with a chat template.');
  const format = await stage('invalidFile', () => chatFormatOf(tokenizer));
  if (format) return new Chat(tokenizer, format);
  return refuse(
    'invalidFile',
    'sample: this model has no chat template (in tokenizer_config.json or chat_template.jinja): it goes on from texts. Leave --chat out.',
  );
}

/** Answers every turn, and goes on with what was said. */
export async function converse(
  answering: Answering,
  { prompt, system }: ChatTurns,
  options: SamplingOptions,
  output: Output,
): Promise<void> {
  const messages: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const ask = async (content: string) => {
    messages.push({ role: 'user', content });
    const answer = await stage('invalidData', () =>
      // One text goes on from the other in the cache: the weights stay what they are.
      answerConversation(answering, messages, { ...options, weightsVersion: 0 }, (piece) => {
        output.text(piece);
        return true;
      }),
    );
    const { text, tokens, isEnded, dropped, generation } = answer;
    output.text('\n');
    output.result({ text, tokens, isEnded, dropped, turns: messages.length }, undefined);
    if (generation.problem !== undefined) refuse('invalidData', generation.problem);
    if (dropped > 0)
      output.note(`sample: the first ${dropped} turns no longer fit the context, and were left out.`);
    if (!isEnded) output.note('sample: the answer was cut off: it has all of its tokens. Raise --max-new.');
    messages.push({ role: 'assistant', content: text });
  };
  if (prompt !== undefined) return ask(prompt);
  const isPerson = process.stdin.isTTY === true;
  if (isPerson) output.note('Write a line and press Enter; Ctrl-D ends.');
  const lines = createInterface({ input: process.stdin, terminal: false });
  for await (const line of lines) if (line.trim() !== '') await ask(line);
}
