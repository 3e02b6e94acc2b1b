// Plots of everyday life: a picnic in the rain, the market, fog, snow, a bet, a bad dream, a borrowed thing.
import { pick } from '../random.ts';
import type { Plot } from './template.ts';
import { drawMember, looks, things } from './world.ts';

/** Plots in which little happens, and that little matters. */
export const dailyPlots: readonly Plot[] = [
  {
    name: 'rain falls on a picnic and makes it better',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(random, [hero], (member) => member.age !== 'elder');
      return { people: { hero, friend }, words: {} };
    },
    paragraphs: [
      ['{@open}', '{@friend}', '{@habit}'],
      [
        '{@time}, they packed a basket for a picnic. {hero} put in {@meal}, and {friend} brought {@meal}.',
        '“Do not forget the [blanket|kettle|big spoon],” said {friend}. “I have it right here,” said {hero}.',
        'They [sang|talked|skipped] all the way and sat down {place}.',
        '[{@sight}|]',
      ],
      [
        'But they had hardly [sat down|opened the basket], when a [big|gray|dark] cloud came over the [hill|trees].',
        '[Plop, plop, plop!|Drip, drop!] Rain fell on the food, on the basket and on their noses.',
        '“[Our picnic|The whole day] is ruined!” said {hero}. {@upset}',
      ],
      [
        '{friend} looked around. “[Quick, under the cart over there|I see a dry place under that bridge]!” said {friend}.',
        'They [grabbed|picked up] the basket and ran. Under there it was dry, and {hero} [unpacked|laid out] everything again.',
        '“It is like a [little house|cave|ship] of our own,” said {friend}.',
      ],
      [
        'They ate and listened to the rain. It sounded like [music|a hundred small drums|a thousand tiny feet].',
        '[A wet frog|A cold sparrow|A snail] came in too, and got a crumb.',
        'When the sun came back, there was a rainbow over the [valley|fields|village].',
      ],
      [
        '{@glad}',
        '{@learned} [a little rain cannot spoil a good day|it matters less where you are than who is with you].',
      ],
    ],
  },
  {
    name: 'money for the market is spent on someone in need',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const elder = drawMember(random, [hero], (member) => member.age === 'elder');
      return {
        people: { hero, elder },
        words: { thing: `${pick(random, looks)} ${pick(random, things.light)}` },
      };
    },
    paragraphs: [
      [
        '{@open}',
        '{@life}',
        'All year long, {hero} had saved [seven|nine|twelve] coins in a [jar|sock|small box].',
      ],
      [
        '{@time}, {hero} went to the market to buy {thing.a}. {elder} went along.',
        'There was so much to see! One stall had [cheese as big as wheels|baskets of {@flower}|fish from the sea], ' +
          'and at another a man sold {@meal}.',
        'Then {hero} saw it. “That is the {thing} I want!” {hero.he} said.',
      ],
      [
        'But next to the stall sat a [thin|tired|quiet] child with no shoes, who looked at the bread and swallowed.',
        '“Why does that child not buy any?” asked {hero}. “[There is no money for it|Not everyone has coins to spend],” said {elder}.',
      ],
      [
        '{hero} looked at the {thing}. Then {hero.he} looked at the child. The coins felt [heavy|warm] in {hero.his} hand.',
        '{hero.He} went to the baker and came back with [two loaves|a big bag of rolls|bread and a piece of cheese].',
        '“[This is for you,” said|I have too much. Will you help me?” asked] {hero}.',
      ],
      [
        'The child [smiled|could hardly speak]. “Thank you,” said the child, and broke the bread, and gave half of it back.',
        'So they sat on the steps of the [fountain|well|church] and ate together.',
      ],
      [
        '“And your {thing}?” asked {elder} on the way home. “[Next year|It can wait],” said {hero} and [laughed|hummed a song].',
        '{@learned} [a full heart is worth more than a full pocket|a coin shines most when it is given away].',
      ],
    ],
  },
  {
    name: 'two friends are lost in the fog and find home by listening',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const friend = drawMember(random, [hero], (member) => member.age === 'child');
      const sound = pick(random, [
        { sound: 'the church bell', from: 'the village square' },
        { sound: 'the mill wheel', from: 'the mill' },
        { sound: 'a rooster', from: 'the farm' },
        { sound: 'the sea', from: 'the beach' },
        { sound: 'the hammer of the smith', from: 'the middle of the town' },
      ]);
      return { people: { hero, friend }, words: sound };
    },
    paragraphs: [
      ['{@open}', '{@friend}', '{@habit}'],
      [
        'One [autumn|cold|gray] [day|afternoon], they went [into the hills|far over the fields] to [pick {food}|look for mushrooms].',
        'They did not notice how the fog came up from the valley. Soon it was as [thick|white] as milk.',
        '“[Where is the path|Which way did we come]?” asked {friend}. {hero} could not even see {hero.his} own feet.',
      ],
      [
        '“[Let us run|This way, I think]!” cried {friend}. “No,” said {hero}. “If we run, we may fall.”',
        '{hero} took {friend} by the hand. “When we cannot see, we must [listen|use our ears].”',
      ],
      [
        'They stood as still as [stones|trees]. At first they heard [nothing|only the wind|only their own breath].',
        'Then, very far away, there was a sound. “That is {sound}!” whispered {hero}. “It comes from {from}.”',
        'Step by step they went toward it, [holding hands|over roots and stones], and it grew louder and louder.',
      ],
      [
        'All at once the fog [opened|lifted], and there was {from}. Someone had lit a [lamp|lantern] for them.',
        '{@glad}',
        '“[I would have run the wrong way|I was so afraid],” said {friend}. “[You kept a cool head|You have good ears], {hero}.”',
      ],
      [
        '{@learned} [one should stop and think when the way is lost|ears can see what eyes cannot].',
        '[{@evening}|]',
      ],
    ],
  },
  {
    name: 'a bet about the first snow is won by waiting',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'animal');
      const friend = drawMember(random, [hero], (member) => member.age === 'animal');
      return {
        people: { hero, friend },
        words: { prize: pick(random, ['a jar of jam', 'a warm blanket', 'a bag of nuts']) },
      };
    },
    paragraphs: [
      ['{@open}', '{@friend}', '{@habit}'],
      [
        'The days grew short, and the last leaves fell. “It will snow [tomorrow|tonight|before the week is over],” said {hero}.',
        '“Never,” said {friend}. “[The air is too warm|I know the sky]. If it does, you may have {prize}.”',
        '“And if it does not, you may have one of mine,” said {hero}.',
      ],
      [
        'The next morning {hero} ran to the window. There was nothing but [rain|fog|wind].',
        '“[I told you so|You see]!” said {friend} and laughed. {hero} [said nothing|only smiled].',
        '“The week is not over yet,” said {hero}.',
      ],
      [
        'On the last evening, the sky turned [yellow|gray|pale], and it was very quiet.',
        'Then something [cold|light|white] touched {hero} on the nose. One flake, two flakes, [ten|twenty|a hundred] flakes!',
        'In the morning the whole [valley|forest|farm] was white.',
      ],
      [
        '{friend} came through the deep snow with {prize}. “You have won,” said {friend}.',
        '“Then let us share it,” said {hero}. “[It is too much for one|Winning alone is no fun].”',
        'They [built a snow fort|made a snow bear|slid down the hill] {place}, until their feet were [cold|wet] and their faces were red.',
      ],
      ['{@learned} [it pays to be patient|a prize is nicer when two enjoy it].', '[{@evening}|]'],
    ],
  },
  {
    name: 'a bad dream is told and loses its power',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const elder = drawMember(
        random,
        [hero],
        (member) => member.age === 'elder' && member.kind.startsWith('old'),
      );
      const dream = pick(random, [
        { monster: 'wolf', joke: 'a pink nightcap', wish: 'asked for a cup of tea' },
        { monster: 'dragon', joke: 'a bad cold', wish: 'needed a handkerchief' },
        { monster: 'ghost', joke: 'two left shoes', wish: 'wanted to learn how to dance' },
        { monster: 'giant', joke: 'a very small hat', wish: 'was looking for a comb' },
        { monster: 'witch', joke: 'a broken broom', wish: 'had to walk home' },
      ]);
      return { people: { hero, elder }, words: dream };
    },
    paragraphs: [
      ['{@open}', '{@life}', 'One night, {hero} stayed with {elder}, who lived {elder.home}.'],
      [
        'In the middle of the night, {hero} woke up [and screamed|with wet cheeks|in a fright].',
        '“What is it?” asked {elder} and [lit a candle|came with a lamp|sat down on the bed].',
        '“I dreamed of a [huge|terrible|black] {monster}!” said {hero}. “It [ran after me|stood at the door|looked at me].”',
      ],
      [
        '“And what happened then?” asked {elder}. “[I do not know|Then I woke up],” said {hero}.',
        '“Well,” said {elder}, “then we must [finish the story|find out how it ends]. Close your eyes. What does it look like?”',
        '“It is [big|ugly|loud],” whispered {hero}. “And what does it have that is funny?” asked {elder}.',
      ],
      [
        '{hero} thought for a while. “It has {joke},” {hero.he} said at last, and had to [smile|giggle].',
        '“And what did it say?” asked {elder}. “It {wish}!” said {hero}, and now both of them laughed.',
        'They laughed until the [bed|candle|window] shook.',
      ],
      [
        '“Poor {monster},” said {hero} [sleepily|with a yawn]. “It was not bad at all.”',
        '{elder} [blew out the candle|tucked {hero.him} in|stayed a little longer], and {hero} slept until the morning.',
        'The {monster} never came back, or if it did, it only wanted to play.',
      ],
      ['{@learned} [fear gets smaller when you tell someone|whatever makes you laugh cannot frighten you].'],
    ],
  },
  {
    name: 'a borrowed thing is kept too long and brought back',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'animal');
      const friend = drawMember(random, [hero], (member) => member.age === 'animal');
      const tool = pick(random, [
        'ladder',
        'basket',
        'lantern',
        'bucket',
        'spade',
        'kettle',
        'wheelbarrow',
        'broom',
      ]);
      return { people: { hero, friend }, words: { tool } };
    },
    paragraphs: [
      ['{@open}', '{@friend}', '{@habit}'],
      [
        '{@time}, {hero} knocked at the door of {friend}. “Will you lend me your {tool}?” {hero.he} asked.',
        '“[Gladly|Of course|Take it],” said {friend}, “but I need it again on [Monday|Thursday|Saturday].”',
        '“You can count on me,” said {hero}.',
      ],
      [
        'But the {tool} was so [useful|handy|good] that {hero} used it every day, and the days went by.',
        '“[One more day will not hurt|I will bring it back tomorrow],” {hero.he} said [each time|every evening].',
      ],
      [
        'Then a [strong wind|heavy rain|hard frost] came. {friend} needed the {tool}, and it was not there.',
        'So {friend} [worked with bare hands|could not finish the work], and [all the {food} were lost|half of the garden was ruined].',
        '{hero} heard of it from the [neighbors|birds]. {@upset}',
      ],
      [
        '{hero} [cleaned|washed|mended] the {tool}, put a bunch of {@flower} on top, and took it back.',
        '{@sorry}',
        '{friend} [was silent|looked at {hero.him}] for a while. “[It is not about the {tool}|I can forgive the {tool}],” said {friend}. ' +
          '“I [trusted|believed] you.”',
      ],
      [
        'So {hero} stayed and helped [for three days|until everything was done|all week long].',
        '“Now,” said {friend} in the end, “you may borrow it again.” And {hero} brought it back a day early.',
        '{@learned} [a promise is a kind of debt|trust is lent as well, and must be given back].',
      ],
    ],
  },
];
