// Plots that happen in the heart: fear, quarrel, a lie, greed, pride and being alone.
import { pick } from '../random.ts';
import type { Plot } from './template.ts';
import { drawMember, looks, things } from './world.ts';

/** Plots of feelings that change. */
export const heartPlots: readonly Plot[] = [
  {
    name: 'a fear is overcome for the sake of a friend',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(
        random,
        [hero],
        (member) => member.age === 'animal' && member.skill === undefined,
      );
      const fear = pick(random, [
        {
          fear: 'the dark',
          sign: 'When the lamp went out, {hero.he} pulled the blanket over {hero.his} head',
          danger:
            'One evening, {friend} did not come home. Far away in the dark woods someone called for help',
          deed: 'took a deep breath, lit a small lantern, and stepped into the night',
          found: 'There was {friend}, with one foot caught between two roots',
          truth: 'the dark is only the day with its eyes closed',
        },
        {
          fear: 'high places',
          sign: 'When others climbed the hill, {hero.he} stayed at the bottom',
          danger: 'One afternoon, {friend} climbed the steep rocks and could not get down again',
          deed: 'looked only at the next stone, and climbed up step by step',
          found: 'At the top sat {friend}, shaking like a leaf',
          truth: 'a high hill is climbed one small step at a time',
        },
        {
          fear: 'thunder',
          sign: 'When the sky rumbled, {hero.he} hid under the table',
          danger: 'One day a storm came, and {friend} was still outside in the rain',
          deed: 'counted to three, opened the door, and ran out into the storm',
          found: 'Behind the fence crouched {friend}, wet and cold',
          truth: 'thunder is loud, but it cannot hurt a brave heart',
        },
        {
          fear: 'deep water',
          sign: 'When others jumped into the lake, {hero.he} sat on the shore',
          danger: 'One morning, {friend} fell off the jetty and held on to a floating log',
          deed: 'forgot to be afraid, pushed the old boat into the water, and rowed as fast as {hero.he} could',
          found: 'In the middle of the lake {friend} was still holding on to the log',
          truth: 'courage comes when someone needs it',
        },
      ]);
      return { people: { hero, friend }, words: fear };
    },
    paragraphs: [
      ['{@open}', '{@life}', 'But {hero} had a secret. {hero.He} was afraid of {fear}.', '{sign}.'],
      [
        '{@friend}',
        '{@habit}',
        '“[Everyone is afraid of something|You do not have to be ashamed],” {friend} used to say.',
      ],
      [
        '{danger}.',
        "{hero}'s heart [beat fast|was pounding]. {hero.His} [knees|hands] were shaking.",
        '“I am afraid,” {hero.he} [thought|whispered], “but [my friend needs me|there is nobody else who can help|I must go].”',
      ],
      ['So {hero} {deed}.', '“[I am coming|Hold on|Do not be afraid], {friend}!” {hero.he} called.'],
      [
        '{found}.',
        '“You came!” said {friend}. “[I knew you would|And I know how afraid you are].”',
        '[Together they made their way back|Hand in hand they went home|Slowly, side by side, they went back].',
      ],
      [
        '“[You are the bravest friend I know|You were afraid, and still you came|That was very brave],” said {friend} [when they were safe|at home|on the way].',
        '{@learned} {truth}.',
        '[{@evening}|]',
      ],
    ],
  },
  {
    name: 'two friends quarrel over a toy, break it and mend it',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(random, [hero], (member) => member.age === 'child');
      const elder = drawMember(random, [hero, friend], (member) => member.age === 'elder');
      return {
        people: { hero, friend, elder },
        words: { thing: `${pick(random, looks)} ${pick(random, things.toys)}` },
      };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@friend}', '{@habit}'],
      [
        '{@time}, {elder} gave them {thing.a}.',
        '“[Play with it together|It is for both of you|I made it myself],” said {elder}.',
        '{@glad}',
      ],
      [
        'But soon {hero} wanted to have it alone. “[I saw it first|It is my turn|Give it to me]!” said {hero}.',
        '“No, [it is mine|you had it all morning]!” shouted {friend}.',
        '{hero} pulled on one side, and {friend} pulled on the other.',
        '[Crack!|Snap!|There was a loud crack.] The {thing} broke [in two|into pieces|apart].',
      ],
      [
        'They [stared at|looked at] the broken {thing}. Nobody said a word.',
        '{friend} went home [without looking back|with red cheeks], and {hero} sat alone {place}.',
        '{@upset}',
      ],
      [
        '{@later}, {hero} [knocked at|went to] {friend.his} door.',
        '{@sorry}',
        '“I am sorry too,” said {friend}. “[A toy is not worth a friend|I missed you|I pulled as hard as you did].”',
      ],
      [
        'They brought the pieces to {elder}, who [found some glue|showed them how to mend it].',
        '{hero} held the pieces, and {friend} [tied them together|put the glue on].',
        'It was not as [pretty|shiny|strong] as before, but now they [took turns|played with it together|loved it even more].',
      ],
      [
        '{@learned} [sharing doubles the fun|a friend is better than any toy|what is broken can be mended, if both want it].',
      ],
    ],
  },
  {
    name: 'something is broken, hidden and confessed',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const elder = drawMember(random, [hero], (member) => member.age === 'elder');
      const vessel = pick(random, [
        'vase',
        'bowl',
        'cup',
        'plate',
        'teapot',
        'jug',
        'flower pot',
        'mirror',
        'lamp',
      ]);
      return { people: { hero, elder }, words: { thing: `${pick(random, looks)} ${vessel}` } };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@time}, {hero} visited {elder}, who lived {elder.home}.'],
      [
        '“You may play here,” said {elder}, “but please be careful with my {thing}.”',
        'Then {elder} went [to the market|out to the garden|to fetch some water|to feed the hens|to see a neighbor].',
      ],
      [
        '{hero} [threw a ball|danced around the room|chased a fly|climbed on a chair|played with a stick]. [Bang!|Crash!] The {thing} broke.',
        "{hero}'s heart beat fast. “[If I say nothing|If I hide the pieces], nobody will know,” {hero.he} thought.",
        'So {hero.he} hid the pieces [under a rug|behind the door|in a basket].',
      ],
      [
        'When {elder} came back, {hero} could not [smile|eat|look up].',
        '“[Is something wrong|Are you ill|Why are you so quiet]?” asked {elder}.',
        '“[It is nothing|I am just tired],” said {hero}, but the lie [felt like|was] a [heavy|cold] stone in {hero.his} stomach.',
      ],
      [
        'At last {hero} could bear it no longer. “I broke your {thing}, and I hid it,” {hero.he} said.',
        '{@sorry}',
      ],
      [
        '{elder} was silent for a moment. “I am sad about the {thing},” {elder.he} said, “but I am glad that you told me.”',
        '“[A thing can be replaced|I can buy another one],” said {elder}, “but not [trust|a true heart].”',
        '{hero} [swept the floor|helped in the house all day|carried wood and water] to make up for it.',
      ],
      [
        '[The stone in {hero.his} stomach was gone|Now {hero} could smile again].',
        '{@learned} [the truth makes the heart light|a lie grows heavy, but the truth sets you free].',
        '[{@evening}|]',
      ],
    ],
  },
  {
    name: 'someone keeps everything and learns to share',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'animal');
      const friend = drawMember(random, [hero], (member) => member.age === 'animal');
      const helper = drawMember(random, [hero, friend], (member) => member.age === 'animal');
      return { people: { hero, friend, helper }, words: {} };
    },
    paragraphs: [
      ['{@open}', '{@life}'],
      [
        '{@time}, {hero} found a big heap of {food} {place}.',
        '“[All mine|Nobody else will get them|What a feast]!” said {hero}, and {hero.he} carried [everything|them all] home.',
      ],
      [
        '{friend}, {friend.a}, came by. “[May I have some {food}|Will you give me some {food}]?” asked {friend}. “I [am so hungry|have not eaten since yesterday].”',
        '“No,” said {hero}. “[I found them|Find your own].” So {friend} went away [sadly|with an empty stomach].',
        'Then {helper}, {helper.a}, asked too, but {hero} [shut the door|only shook {hero.his} head].',
      ],
      [
        '{hero} ate and ate until {hero.his} stomach hurt.',
        '“[Help|Oh, how it hurts]!” {hero.he} groaned, but nobody was there, because {hero.he} had sent everyone away.',
        '{@upset}',
      ],
      [
        'Still, {friend} heard the noise and came back. {friend} [made some tea|rubbed {hero.his} back].',
        '“Why are you so kind to me?” asked {hero}. “I gave you nothing.”',
        '“[You are in pain,” said {friend}. “That is enough for me|Someone must begin,” said {friend}. “Let it be me].”',
      ],
      [
        '{hero} was ashamed. {@sorry}',
        '{@later}, {hero} invited {friend} and {helper} and put all the {food} on the table.',
        'They [laughed|sang] and ate, and there was enough for everyone.',
      ],
      [
        '{@learned} [food tastes best when it is shared|a full table is lonely without guests|greedy hands end up empty].',
        '[{@evening}|]',
      ],
    ],
  },
  {
    name: 'the fast one stops for the slow one in a race',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'animal' && member.kind !== 'turtle');
      const friend = drawMember(random, [hero], (member) => member.age === 'animal');
      const elder = drawMember(random, [], (member) => member.age === 'elder');
      return { people: { hero, friend, elder }, words: { thing: `${pick(random, looks)} ribbon` } };
    },
    paragraphs: [
      ['{@open}', '{@life}'],
      [
        '{@time}, there was a [great|big] race {place}. The winner would get {thing.a}.',
        '“I will win,” said {hero}. “[I have trained all summer|Nobody is faster than I am].”',
        '{friend}, {friend.a}, wanted to run too. “I [only run for fun|just want to try],” said {friend}.',
      ],
      [
        '“Ready, steady, go!” called {elder}. [Off they went|They ran like the wind|Away they flew].',
        '{hero} was [soon in front|the first to pass the fence]. The others were [far behind|already out of breath].',
        'Then {hero} heard a cry. {friend} had [fallen into a ditch|slipped on the wet stones|hurt {friend.his} foot].',
      ],
      [
        '{hero} looked at the finish line. It was so near! Then {hero.he} looked back.',
        '“[A ribbon can wait|Winning is not everything],” {hero.he} thought, and {hero.he} turned around.',
        '“[Lean on me|Do not give up|Hold on to me],” {hero} said to {friend}.',
      ],
      [
        'Slowly the two went on. One after another, the others ran past them.',
        'They crossed the line last of all, but everyone [cheered|clapped|stood up|threw {@flower}].',
      ],
      [
        '{elder} came with the {thing} and cut it in two.',
        '“The fastest runner gets one half,” said {elder}, “and the best friend gets the other.”',
        '{@glad}',
      ],
      ['{@learned} [a kind heart wins more than fast feet|it is better to help than to win].'],
    ],
  },
  {
    name: 'a stranger moves in and becomes a friend',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(random, [hero], (member) => member.age === 'child');
      return {
        people: { hero, friend },
        words: { thing: `${pick(random, looks)} ${pick(random, things.toys)}` },
      };
    },
    paragraphs: [
      [
        '{@open}',
        '{@life}',
        'But {hero} had nobody to play with, and [the days were long|the house was very quiet|every day was the same].',
      ],
      [
        '{@time}, a cart full of [boxes|chairs and boxes|old furniture] stopped next door. {friend.A} named {friend} climbed down.',
        '{hero} [watched from behind the curtain|hid behind the fence]. “[What if I am laughed at|What should I say]?” {hero.he} thought.',
      ],
      [
        '{@later}, {hero} saw {friend} sitting alone {place}.',
        '{friend} looked just as lonely as {hero} felt.',
        '{hero} took {hero.his} {thing}, walked over, and said, “[Hello. Would you like to play with me|Good morning. Do you want to see this|I live next door. Shall we be friends]?”',
      ],
      [
        "{friend}'s eyes grew wide. “[I was hoping that you would ask|I was too shy to ask you],” said {friend}.",
        '“[I do not know anyone here|Everything is so new here].”',
        '“Now you know me,” said {hero}.',
      ],
      [
        'They played [until it was time for supper|until the lamps were lit|all day long].',
        '{friend} loved {friend.loves}, and {hero} loved {hero.loves}, so they did both.',
        '{@glad}',
      ],
      [
        '{@learned} [one small word can open a door|a stranger may be a friend you have not met].',
        '[{@evening}|]',
      ],
    ],
  },
];
