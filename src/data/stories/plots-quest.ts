// Plots about reaching something: baking, growing, learning, giving, a riddle and a treasure.
import { pick } from '../random.ts';
import type { Plot } from './template.ts';
import { drawMember, foods, looks, things } from './world.ts';

const riddles = [
  {
    riddle: 'I have hands, but I cannot hold anything. What am I?',
    answer: 'clock',
    hint: 'It ticks on the wall',
  },
  { riddle: 'I have teeth, but I never bite. What am I?', answer: 'comb', hint: 'You use it for your hair' },
  {
    riddle: 'The more I dry, the wetter I become. What am I?',
    answer: 'towel',
    hint: 'You need it after a bath',
  },
  { riddle: 'I have a neck, but no head. What am I?', answer: 'bottle', hint: 'You can drink from it' },
  {
    riddle: 'I run all day, but I never get tired. What am I?',
    answer: 'river',
    hint: 'Listen to the water below us',
  },
  {
    riddle: 'I have a bed, but I never sleep. What am I?',
    answer: 'river',
    hint: 'It goes all the way to the sea',
  },
  {
    riddle: 'I follow you all day, but I hide at night. What am I?',
    answer: 'shadow',
    hint: 'Look behind you in the sun',
  },
  {
    riddle: 'I get smaller every time I wash. What am I?',
    answer: 'bar of soap',
    hint: 'It is slippery and smells nice',
  },
  { riddle: 'I have many pages, but I am not a king. What am I?', answer: 'book', hint: 'You can read it' },
  {
    riddle: 'I fall, but I never get hurt. What am I?',
    answer: 'drop of rain',
    hint: 'It comes from the clouds',
  },
];

/** Plots of goals that are reached. */
export const questPlots: readonly Plot[] = [
  {
    name: 'three friends each give something for a cake',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const elder = drawMember(random, [hero], (member) => member.age === 'elder' && member.kind !== 'baker');
      const friend = drawMember(random, [hero], (member) => member.age === 'animal');
      const helper = drawMember(random, [hero, friend], (member) => member.age === 'animal');
      return { people: { hero, elder, friend, helper }, words: { fruit: pick(random, foods) } };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@time}, {hero} remembered that it was the birthday of {elder}.'],
      [
        '“I will [bake a cake|make the best cake in the world],” said {hero}, but the kitchen was almost empty.',
        'There was [only a little sugar|nothing but salt and sugar]. “I need flour, eggs and {fruit},” {hero.he} said.',
      ],
      [
        'First {hero} went to the mill. “May I have some flour?” {hero.he} asked the miller.',
        '“Yes, if you [sweep the floor|carry this sack],” said the miller, and {hero} [did it gladly|set to work at once|worked until it was done].',
      ],
      [
        'Then {hero} met {friend}, {friend.a}. “I know where the hens hide their eggs,” said {friend}.',
        'Together they looked [under the hedge|in the straw|behind the barn] and found [three|four|five] eggs.',
      ],
      [
        'Last of all, {hero} asked {helper}, {helper.a}. “I have some {fruit} at home,” said {helper}.',
        '“You may have them all, if I can have a piece of the cake.”',
      ],
      [
        '[{hero} mixed everything in a bowl|They stirred and stirred], and soon the whole house smelled [sweet|wonderful].',
        'When {elder} opened the door, they all [shouted|called|sang], “Happy birthday!”',
        '{elder} had tears of joy in {elder.his} eyes. “[Nobody ever made me a cake like this|What a lovely surprise]!” {elder.he} said.',
      ],
      [
        'Everyone got a [big|huge] piece, and not a crumb was left.',
        '{@learned} [a gift is sweeter when many hands have made it|many small gifts make a big one].',
        '[{@evening}|]',
      ],
    ],
  },
  {
    name: 'a seed is planted and patience is rewarded',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age !== 'elder');
      const elder = drawMember(
        random,
        [hero],
        (member) => member.kind === 'gardener' || member.kind.startsWith('old'),
      );
      const plant = pick(random, ['sunflower', 'bean plant', 'rose bush', 'tomato plant', 'corn plant']);
      return { people: { hero, elder }, words: { plant } };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@time}, {elder} gave {hero} a [small|tiny|round] [brown|black|gray] seed.'],
      [
        '“What is it?” asked {hero}.',
        '“Put it into the ground, give it water, and wait,” said {elder}. “Then you will see.”',
      ],
      [
        '{hero} planted the seed {place}. {hero.He} gave it water and sat down to watch.',
        'Nothing happened. [Days went by|A whole week passed], and there was still nothing but [brown earth|dirt].',
        '“It does not work!” said {hero}. “[I want to dig it up|Maybe the seed is broken].”',
      ],
      [
        '“Do not dig it up,” said {elder}. “[Good things need time|A seed works in the dark, where you cannot see it].”',
        'So {hero} waited. When it was dry, {hero.he} brought water. When it was cold, {hero.he} covered the ground with [straw|leaves].',
      ],
      [
        'Then, one [morning|day], a tiny green leaf [looked|peeped] out of the earth!',
        '{@glad}',
        'It grew and grew, [week after week|all summer long], until it was {plant.a}, taller than {hero}.',
      ],
      [
        '“[It was there all the time|And I wanted to dig it up],” said {hero}.',
        '“Yes,” said {elder}. “It only needed [someone who did not give up|time, water and a little trust].”',
        '{@learned} [waiting is also a kind of work|patience makes things grow].',
      ],
    ],
  },
  {
    name: 'something is learned after many failures',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const elder = drawMember(random, [hero], (member) => member.age === 'elder');
      const skill = pick(random, [
        { skill: 'ride a bicycle', fail: 'landed in a bush', tip: 'Look ahead, and not at your feet' },
        {
          skill: 'play the flute',
          fail: 'made a terrible noise',
          tip: 'Breathe slowly, and listen to yourself',
        },
        { skill: 'swim', fail: 'swallowed a lot of water', tip: 'Lie on the water as if it were a bed' },
        { skill: 'walk on stilts', fail: 'fell over like a tree', tip: 'Take small steps, and do not stop' },
        {
          skill: "tie a sailor's knot",
          fail: 'got the rope all mixed up',
          tip: 'Make a loop first, and then go around it',
        },
        {
          skill: 'bake bread',
          fail: 'burned it until it was black',
          tip: 'Watch the fire, and do not hurry',
        },
        {
          skill: 'whistle a tune',
          fail: 'blew nothing but air',
          tip: 'Make your lips small, and blow softly',
        },
        {
          skill: 'write letters',
          fail: 'made a big spot on the paper',
          tip: 'Hold the pen gently, like a small bird',
        },
      ]);
      return { people: { hero, elder }, words: skill };
    },
    paragraphs: [
      ['{@open}', '{@life}', 'More than anything, {hero} wanted to {skill}.'],
      [
        '{@time}, {hero.he} tried it for the first time. {@weather}',
        'But {hero.he} {fail}.',
        'The second time, it was no better.',
      ],
      [
        '[Some children laughed.|A goose laughed at {hero.him}.|Nobody was there to help.] {@upset}',
        '“[I will never learn it|It is too hard for me|I give up],” said {hero}.',
      ],
      [
        '{elder} had seen it all. “Do you know how often I failed when I was young?” asked {elder}.',
        '“[Once|Twice]?” asked {hero}. “A hundred times,” said {elder} and laughed. “{tip}. Then try again.”',
      ],
      [
        'So {hero} tried again. [It went a little better.|It was still hard.] {@later}, {hero.he} tried once more.',
        '{hero.He} practiced [every day|each morning before school|until it was dark].',
      ],
      [
        'And then, all at once, it worked! “Look, {elder}! I can {skill}!” shouted {hero}.',
        '“[I knew it|Well done],” said {elder}. “You only lose when you stop trying.”',
        '{@glad}',
      ],
      [
        '{@learned} [every master was once a beginner|falling down is a part of learning|what is hard today may be easy tomorrow].',
        '[{@evening}|]',
      ],
    ],
  },
  {
    name: 'a bridge keeper asks a riddle and a friend gives a hint',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age !== 'elder');
      const friend = drawMember(random, [hero], (member) => member.age === 'animal');
      return {
        people: { hero, friend },
        words: { ...pick(random, riddles), keeper: pick(random, ['goat', 'troll', 'giant']) },
      };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@friend}', '{@habit}'],
      [
        '{@time}, the two wanted to [visit the fair|see the sea|pick {food}] on the other side of the river.',
        'But on the bridge stood an old {keeper} with a [long|white|gray|thick] beard.',
        '“[Stop|Halt|Not so fast]!” said the {keeper}. “Nobody may cross my bridge without an answer to my riddle.”',
      ],
      [
        '“Then ask us,” said {hero}.',
        '“{riddle}” asked the {keeper}.',
        '{hero} thought and thought. “Is it [a tree|a stone|the moon]?” {hero.he} asked. “Wrong!” said the {keeper}.',
      ],
      [
        '“You may try one more time,” said the {keeper}, “but then you must go home.”',
        '{friend} [leaned over|came close] and whispered, “{hint}.”',
        '[Suddenly|At last|Then] {hero} [understood|knew the answer]. “You are {answer.a}!” {hero.he} cried.',
      ],
      [
        'The {keeper} [laughed|smiled] so much that the bridge shook. “That is right!” said the {keeper}.',
        '“You may cross, because you think well and listen to your friend.”',
      ],
      [
        'On the way back, they brought the {keeper} [some {food}|a warm hat|a new riddle].',
        'For the {keeper} had [been alone|had no visitors] for a long time, and only wanted someone to talk to.',
        '{@learned} [two heads are better than one|it is clever to listen].',
      ],
    ],
  },
  {
    name: 'something dear is given up for a gift',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(random, [hero], (member) => member.age === 'child');
      const thing = `${pick(random, looks)} ${pick(random, things.toys)}`;
      return {
        people: { hero, friend },
        words: { thing, gift: pick(random, ['drum', 'warm coat', 'paint box', 'flute', 'sled']) },
      };
    },
    paragraphs: [
      ['{@open}', '{@life}', 'The thing that {hero} loved most was {hero.his} {thing}.'],
      [
        '{@friend}',
        '{@habit}',
        "Soon it would be {friend}'s birthday, and {friend} wished for nothing but {gift.a}.",
      ],
      [
        '{hero} went to the shop. “How much is the {gift}?” {hero.he} asked.',
        '“[Ten|Five|Eight] silver coins,” said the shop keeper. {hero} had only [one|two].',
        '{@upset}',
      ],
      [
        '[All night long {hero} thought about it|{hero} could not sleep]. In the morning {hero.he} took the {thing} to the shop.',
        '“Will you give me the {gift} for this?” asked {hero}. {hero.His} voice was shaking a little.',
        'The shop keeper [looked at {hero.him} for a long time|thought about it] and nodded.',
      ],
      [
        'When {friend} opened the box, {friend.he} could not [speak|believe it]. “A real {gift}!” {friend} cried at last.',
        '“But where is your {thing}?” {friend} asked. “[I do not need it any more|I gave it away],” said {hero}.',
      ],
      [
        'The shop keeper had told everyone about it. {@later}, a box stood in front of {hero.his} door.',
        'In it was the {thing}, and a note that said, “For the child with the biggest heart.”',
        '{@glad}',
      ],
      ['{@learned} [what you give comes back to you|giving makes you richer].'],
    ],
  },
  {
    name: 'a map leads from clue to clue to a treasure',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(random, [hero], (member) => member.skill === 'dig');
      const treasure = pick(random, [
        { treasure: 'an old picture book', use: 'read it together under a tree' },
        { treasure: 'a bag of flower seeds', use: 'planted them all along the road' },
        { treasure: 'a little silver bell', use: 'hung it above the school door' },
        { treasure: 'a box of old coins', use: 'bought new books for the school' },
        { treasure: 'a long glass for looking at the stars', use: 'showed the moon to everyone in the town' },
      ]);
      return { people: { hero, friend }, words: treasure };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@friend}', '{@habit}'],
      [
        '{@time}, {hero} found an old map [in a bottle|behind a loose stone|between two books].',
        '“A treasure!” said {hero}. “Will you come with me, {friend}?”',
        '“[Of course|I would not miss it],” said {friend}, and off they went.',
      ],
      [
        'The first mark on the map was [a crooked tree|a white stone|a broken wheel]. They found it {place}.',
        'From there they had to take [twenty|thirty|fifty] steps to the [north|south|east|west].',
        '“One, two, three,” {hero} counted, until they stood in front of [a high wall|a thick hedge|a wooden fence].',
      ],
      [
        '“We cannot go on,” said {hero}. [{hero.He} wanted to turn back.|{hero.He} looked at the map again.]',
        '“If we cannot go [over it|through it], we will go under it,” said {friend}, and started to dig.',
        '{friend} was {friend.a}, and digging was [easy for {friend.him}|what {friend.he} did best].',
      ],
      [
        'All at once, there was a [dull|hollow] sound. They had hit an iron box!',
        'With beating hearts they [lifted the lid|opened it|broke the lock]. Inside lay {treasure}.',
        '{@glad}',
      ],
      [
        '“[What shall we do with it?” asked|It belongs to both of us,” said] {friend}.',
        '[They did not keep it for themselves|They thought about it for a while]. They {use}.',
        '{@learned} [a treasure shines brightest when it is shared|the best part of a treasure is the way to it].',
        '[{@evening}|]',
      ],
    ],
  },
];
