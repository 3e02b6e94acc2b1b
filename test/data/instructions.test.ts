// Tests of the generated conversations: every answer is right, every manner and follow-up occurs.
import { expect, test } from 'vitest';
import { writeConversation } from '../../src/data/instructions.ts';
import { createRandom } from '../../src/data/random.ts';

/** What is right, worked out from the question in another way than it was made. */
function rightAnswer(question: string, before: string | undefined): string | undefined {
  const sum = /^What is (\d+) plus (\d+)\?$/.exec(question);
  if (sum) return String(Number(sum[1]) + Number(sum[2]));
  const larger = /^Which is larger, (\d+) or (\d+)\?$/.exec(question);
  if (larger) return Number(larger[1]) > Number(larger[2]) ? larger[1] : larger[2];
  const word = /([a-z]+)[.?]$/.exec(question)?.[1] ?? '';
  if (question.startsWith('Spell')) return word.split('').join('-');
  if (question.startsWith('Reverse')) return word.split('').reduce((text, letter) => letter + text, '');
  if (question.startsWith('How many letters')) return String(word.split('').length);
  if (question.startsWith('Give the first')) return word.slice(0, 1);
  if (question.startsWith('Give the last')) return word.slice(-1);
  if (question.startsWith('Sort')) {
    return question
      .slice(5, -1)
      .split(', ')
      .sort((a, b) => (a < b ? -1 : 1))
      .join(', ');
  }
  if (question === 'Once more.') return before;
  return question === 'Say it twice.' ? `${before} ${before}` : undefined;
}

const manner: Readonly<Record<string, (answer: string) => string>> = {
  'Answer in capitals.': (answer) => answer.toUpperCase(),
  'Be glad.': (answer) => `${answer}!`,
  'Be polite.': (answer) => `Sure: ${answer}`,
};

test('every answer is right and in the manner that was asked for', () => {
  const random = createRandom(1);
  const seen = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const messages = writeConversation(random);
    const system = messages[0]?.role === 'system' ? messages[0].content : undefined;
    if (system !== undefined) seen.set(system, (seen.get(system) ?? 0) + 1);
    const turns = messages.slice(system === undefined ? 0 : 1);
    expect(turns.map(({ role }) => role).join(' ')).toMatch(/^user assistant( user assistant){0,2}$/);
    let before: string | undefined;
    for (let turn = 0; turn < turns.length; turn += 2) {
      const [question, answer] = [turns[turn].content, turns[turn + 1].content];
      before = rightAnswer(question, before);
      expect(before, question).toBeDefined();
      expect(answer, question).toBe((manner[system ?? ''] ?? ((one: string) => one))(before ?? ''));
      const kind = question.split(' ')[0];
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
  }
  expect([...seen.keys()].sort()).toEqual(
    [
      ...Object.keys(manner),
      'Give',
      'How',
      'Once',
      'Reverse',
      'Say',
      'Sort',
      'Spell',
      'What',
      'Which',
    ].sort(),
  );
});
