// Multiple choice: lines of lm-evaluation-harness, and the answer of the largest likelihood.
import { describe, expect, it } from 'vitest';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { answerRow, evaluateChoices, readChoiceQuestions } from '../../../src/lab/evaluation/choices.ts';
import { TokenLosses } from '../../../src/lab/evaluation/token-losses.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { tinyModel } from './tiny-model.ts';

const line = (change: object) =>
  JSON.stringify({ query: 'is it?', choices: ['yes', 'no'], gold: 1, ...change });

describe('lines of questions', () => {
  it('may have more keys, empty lines between, and the right answer by its words', () => {
    const text = `${line({ id: 3 })}\n\n${line({ gold: 'yes' })}\n`;
    expect(readChoiceQuestions('q.jsonl', text)).toEqual([
      { query: 'is it?', choices: ['yes', 'no'], gold: 1 },
      { query: 'is it?', choices: ['yes', 'no'], gold: 0 },
    ]);
  });

  it.each([
    ['no JSON', '{', /line 2 is no JSON/],
    ['no query', line({ query: '' }), /line 2: query/],
    ['one choice', line({ choices: ['yes'] }), /line 2: choices has 1 entries/],
    ['a gold of nowhere', line({ gold: 2 }), /line 2: gold is 2, and there are 2 choices/],
    ['a gold of other words', line({ gold: 'maybe' }), /line 2: gold is "maybe"/],
    ['a list', '[]', /line 2: /],
  ])('with %s are refused by their number', (_, wrong, message) => {
    expect(() => readChoiceQuestions('q.jsonl', `${line({})}\n${wrong}`)).toThrow(message);
  });

  it('must be there', () => {
    expect(() => readChoiceQuestions('q.jsonl', '\n')).toThrow(/q\.jsonl: no questions\. Give lines of/);
  });
});

describe('the likeliest answer', () => {
  const tokenizer = trainCharacterTokenizer('abc de?');

  it('is found as by summing the losses of its tokens', async () => {
    const files = await tinyModel(tokenizer);
    const questions = [
      { query: 'a?', choices: ['b', 'cd', 'e'], gold: 0 },
      { query: 'bc?', choices: ['a', 'dea'], gold: 1 },
    ];
    const options = { context: 8, batch: 2, delimiter: ' ' };
    const score = await evaluateChoices(cpuEngine(), files, tokenizer, questions, options);
    const losses = await TokenLosses.open(cpuEngine(), files, { batch: 1, time: 8 });
    let [right, rightByLength] = [0, 0];
    for (const { query, choices, gold } of questions) {
      const sums: number[] = [];
      for (const choice of choices) {
        const row = { tokens: tokenizer.encode(`${query} ${choice}`), from: query.length };
        await losses.forEachRow([row], (found) => sums.push(found.reduce((a, b) => a + b, 0)));
      }
      const least = (values: number[]) => values.indexOf(Math.min(...values));
      if (least(sums) === gold) right++;
      if (least(sums.map((sum, index) => sum / choices[index].length)) === gold) rightByLength++;
    }
    losses.dispose();
    expect(score.accuracy).toBeCloseTo(right / 2, 12);
    expect(score.accuracyByLength).toBeCloseTo(rightByLength / 2, 12);
    expect(score.chance).toBeCloseTo((1 / 3 + 1 / 2) / 2, 12);
    expect(score.questions).toBe(2);
  });

  it('keeps the end of what is longer than the context, and gives spaces to the answer', async () => {
    const ids = [...tokenizer.encode('a?  bc')];
    expect(await answerRow(tokenizer, 'a? ', ' bc', 8)).toEqual({ tokens: ids, from: 2 });
    expect(await answerRow(tokenizer, 'a? ', ' bc', 3)).toEqual({ tokens: ids.slice(-4), from: 1 });
  });
});
