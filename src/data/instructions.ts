// A generated corpus of conversations: small tasks with one right answer, follow-ups, and systems that say how to answer.
import { type ChatMessage, chatText } from './chat-text.ts';
import { pick, type Random } from './random.ts';

const words = [
  ...[
    'apple',
    'bird',
    'boat',
    'cake',
    'cloud',
    'desk',
    'door',
    'fish',
    'frog',
    'garden',
    'hat',
    'horse',
    'island',
  ],
  ...[
    'jam',
    'kite',
    'lamp',
    'leaf',
    'moon',
    'nest',
    'orange',
    'paper',
    'queen',
    'river',
    'rose',
    'snow',
    'spoon',
  ],
  ...['star', 'table', 'tiger', 'tree', 'van', 'wagon', 'water', 'window', 'yard', 'zebra'],
];

/** What was asked and is right. */
interface Task {
  readonly question: string;
  readonly answer: string;
}

const tasks: readonly ((random: Random) => Task)[] = [
  (random) => {
    const [left, right] = [random.integer(100), random.integer(100)];
    return { question: `What is ${left} plus ${right}?`, answer: String(left + right) };
  },
  (random) => {
    const [left, right] = [random.integer(100), random.integer(100)];
    return { question: `Which is larger, ${left} or ${right}?`, answer: String(Math.max(left, right)) };
  },
  (random) => {
    const word = pick(random, words);
    return { question: `Spell ${word}.`, answer: [...word].join('-') };
  },
  (random) => {
    const word = pick(random, words);
    return { question: `Reverse ${word}.`, answer: [...word].reverse().join('') };
  },
  (random) => {
    const word = pick(random, words);
    return { question: `How many letters has ${word}?`, answer: String(word.length) };
  },
  (random) => {
    const [which, at] = pick(random, [['first', 0] as const, ['last', -1] as const]);
    const word = pick(random, words);
    return { question: `Give the ${which} letter of ${word}.`, answer: word.at(at) ?? '' };
  },
  (random) => {
    const chosen = new Set<string>();
    while (chosen.size < 3) chosen.add(pick(random, words));
    return { question: `Sort ${[...chosen].join(', ')}.`, answer: [...chosen].sort().join(', ') };
  },
];

/** What a system may ask for, and how an answer then looks. */
const manners: readonly (readonly [system: string, manner: (answer: string) => string])[] = [
  ['Answer in capitals.', (answer) => answer.toUpperCase()],
  ['Be glad.', (answer) => `${answer}!`],
  ['Be polite.', (answer) => `Sure: ${answer}`],
];

const plain = (answer: string) => answer;

/** Follow-ups, by what was answered before. */
const followUps: readonly Task['question'][] = ['Once more.', 'Say it twice.'];

/** A conversation of one to three questions with their answers; one in four begins with a system's turn. */
export function writeConversation(random: Random): readonly ChatMessage[] {
  const [system, manner] = random.integer(4) === 0 ? pick(random, manners) : ([undefined, plain] as const);
  const messages: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  let last: string | undefined;
  for (let turns = 1 + random.integer(3); turns > 0; turns--) {
    const task = last !== undefined && random.integer(3) === 0 ? followUp(random, last) : undefined;
    const { question, answer } = task ?? pick(random, tasks)(random);
    last = answer;
    messages.push({ role: 'user', content: question }, { role: 'assistant', content: manner(answer) });
  }
  return messages;
}

function followUp(random: Random, answer: string): Task {
  const question = pick(random, followUps);
  return { question, answer: question === 'Once more.' ? answer : `${answer} ${answer}` };
}

/** A conversation on a line, as the special tokens of our tokenizers write it. */
export function writeInstruction(random: Random): string {
  return chatText(writeConversation(random));
}
