// Plots about trouble and help: something goes wrong, someone who can do the right thing comes by.
import { pick } from '../random.ts';
import type { Plot } from './template.ts';
import { drawMember, looks, type Skill, things } from './world.ts';

interface Trouble {
  readonly skill: Skill;
  readonly things: readonly string[];
  readonly event: string;
  readonly failure: string;
  readonly plea: string;
  readonly rescue: string;
  readonly lesson: string;
}

/** What can happen to a thing, and why the helper's skill, and not the owner's, is what mends it. */
const troubles: readonly Trouble[] = [
  {
    skill: 'climb',
    things: things.light,
    event:
      'Suddenly a strong wind [came up|blew across the field]. It carried the {thing} away, and it got caught ' +
      'in the top of a tall [oak|pine|poplar].',
    failure:
      '{hero} jumped as high as {hero.he} could, but the branch was too high. ' +
      '[Then {hero.he} threw a stick at it, but the stick fell back down.|{hero.He} shook the tree, but nothing moved.]',
    plea: '“The wind took my {thing},” said {hero}. “Now it is up in the tree, and I cannot reach it.”',
    rescue:
      '“[I like high places|High branches do not scare me],” said {helper}. [Up went {helper}|{helper} went up], ' +
      '[higher and higher|from branch to branch], and came back with the {thing}.',
    lesson: 'what is too high for one may be easy for another',
  },
  {
    skill: 'swim',
    things: things.floating,
    event:
      'But the path was wet, and {hero.he} slipped. The {thing} fell into the [river|stream|pond] and ' +
      '[floated away|drifted out to the middle].',
    failure:
      '{hero} [reached out with a long stick|leaned over the water], but the {thing} was too far away. ' +
      'The water was deep and cold, and {hero} could not swim there.',
    plea: '“My {thing} fell into the water,” said {hero}. “It is so deep that I am afraid to go in.”',
    rescue:
      '“[Water is my second home|I swim every day],” said {helper}. With a [big|loud] splash {helper.he} ' +
      '[dived in|jumped into the water], swam out, and pushed the {thing} back to the shore.',
    lesson: 'it is wise to ask for help when the water is deep',
  },
  {
    skill: 'dig',
    things: things.rolling,
    event:
      'Then {hero} tripped over a root. The {thing} [rolled across the path|jumped out of {hero.his} pocket] ' +
      'and fell into a deep, narrow hole.',
    failure:
      '{hero} lay down and reached into the hole, but {hero.his} arm was too short. ' +
      '[It was dark down there, and {hero.he} could see nothing.|The more {hero.he} tried, the deeper the {thing} fell.]',
    plea: '“I dropped my {thing} into this hole,” said {hero}, “and I cannot get it out.”',
    rescue:
      '“[Digging is what I do best|Let me dig],” said {helper}. Earth flew to the left and to the right. ' +
      'Soon {helper} came up with dirt on {helper.his} nose and the {thing} in {helper.his} mouth.',
    lesson: 'a friend who is not afraid of dirt is worth more than gold',
  },
  {
    skill: 'lift',
    things: things.round,
    event:
      'But {hero} let go for a moment. The {thing} rolled [down the hill|away over the grass], faster and faster, ' +
      'and stopped under a [big fallen tree|heavy rock|broken cart].',
    failure:
      '{hero} pushed with all {hero.his} strength, but it was far too heavy. ' +
      '[{hero.He} pulled, and it did not move at all.|{hero.He} pushed again until {hero.his} arms hurt.]',
    plea: '“My {thing} is stuck under there,” said {hero}. “I am not strong enough to get it out.”',
    rescue:
      '“[That is nothing for me|Stand back],” said {helper}. {helper} [took a deep breath|bent down] and lifted ' +
      'the heavy load as if it were a [feather|leaf], and {hero} pulled the {thing} out.',
    lesson: 'being strong is best when it helps someone smaller',
  },
];

/** Plots of trouble and help. */
export const helpPlots: readonly Plot[] = [
  {
    name: 'a thing is lost and a helper has the skill to bring it back',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const trouble = pick(random, troubles);
      const helper = drawMember(random, [hero], (member) => member.skill === trouble.skill);
      const { event, failure, plea, rescue, lesson } = trouble;
      const thing = `${pick(random, looks)} ${pick(random, trouble.things)}`;
      return { people: { hero, helper }, words: { thing, event, failure, plea, rescue, lesson } };
    },
    paragraphs: [
      [
        '{@open}',
        '{@life}',
        '{hero} had {thing.a}, and {hero.he} [took it everywhere|loved it very much|was proud of it].',
      ],
      ['{@time}, {hero} [was playing|went for a walk] {place} with the {thing}.', '[{@sight}|]', '{event}'],
      ['[“Oh no!” cried {hero}. |“Come back!” shouted {hero}. |]{failure}', '{@upset}'],
      ['{@hear}', '{@askHelper}', '{plea}'],
      ['{rescue}', '“[Here you are,|Is this what you lost?|Look what I found!]” said {helper}.'],
      ['{@glad}', '{@thankHelper}', '{@shareHelper}'],
      ['{@learned} {lesson}.', '[{@evening}|]'],
    ],
  },
  {
    name: 'a storm breaks a home and friends build it up again',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'animal' && member.skill === undefined);
      const helper = drawMember(random, [hero], (member) => member.skill === 'lift');
      const friend = drawMember(random, [hero, helper], (member) => member.age === 'animal');
      return { people: { hero, helper, friend }, words: {} };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@friend}', '{@habit}'],
      [
        'One [night|evening], dark clouds came over the hills.',
        'The wind [howled|roared|shook the trees], and the rain [beat down|fell in sheets|drummed on the ground].',
        '{hero} [hid in a corner|closed {hero.his} eyes] and waited, while [thunder rolled above|lightning lit up the sky|the old trees groaned].',
      ],
      [
        'In the morning the storm was over, but {hero.his} home was [broken|washed away|in pieces].',
        '{@upset}',
        '“Where will I sleep now?” {hero.he} asked.',
      ],
      [
        '“You can stay with me,” said {friend}, “until we have built a new home for you.”',
        '{friend} ran to {helper}, {helper.a}, and told {helper.him} what had happened.',
        '“[Then there is no time to lose|Then we must hurry|Let us start at once],” said {helper}.',
      ],
      [
        '{helper} carried the heavy [stones|branches|logs], because {helper.he} was [the strongest|so strong].',
        '{friend} brought [dry leaves|soft moss|straw], and {hero} made a little [door|window|bed|roof of leaves].',
        '[They worked all day.|They sang while they worked.|By noon they were tired, but nobody stopped.]',
      ],
      [
        'Before the sun went down, the new home was ready, and it was [warmer|stronger|nicer] than the old one.',
        '{@glad}',
        '“[A storm can break a house,” said {hero}, “but it cannot break a friendship|I lost a house,” said {hero}, “but I found out what friends are].”',
      ],
      [
        'That night the three friends [ate|shared] {@meal} together while [the wind slept|the stars shone above|the fire burned low].',
      ],
    ],
  },
  {
    name: 'a young one is lost and is brought home by following clues',
    begin: (random) => {
      const hero = drawMember(random, [], (member) => member.age === 'child');
      const helper = drawMember(
        random,
        [hero],
        (member) => member.skill === 'climb' && /owl|crow|robin/.test(member.kind),
      );
      const clue = pick(random, [
        { baby: 'duckling', says: 'cool water and tall reeds', home: 'pond', mother: 'duck' },
        { baby: 'lamb', says: 'soft wool and a wooden fence', home: 'farm', mother: 'sheep' },
        { baby: 'bear cub', says: 'a dark cave and sweet honey', home: 'mountain', mother: 'bear' },
        { baby: 'kitten', says: 'warm hay and a cow that moos', home: 'barn', mother: 'cat' },
        { baby: 'fawn', says: 'a clear spring and green ferns', home: 'forest', mother: 'deer' },
        { baby: 'piglet', says: 'brown mud and a long trough', home: 'pig pen', mother: 'pig' },
      ]);
      return { people: { hero, helper }, words: clue };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@time}, {hero} heard a [small|thin] cry {place}.'],
      [
        'There, [behind a stone|under a bush|in the tall grass], [sat|was hiding] a [little|tiny|young] {baby}.',
        '“Do not be afraid,” said {hero}. “[Are you lost|Where is your mother]?”',
        '“I [ran after a butterfly|followed a leaf in the wind|went to look at the {@flower}],” said the {baby}, “and now I cannot find my way home.”',
      ],
      [
        '“What does your home look like?” asked {hero}.',
        'The {baby} [thought for a moment|wiped its eyes]. “There is {says},” it said.',
        '{hero} [did not know the place|looked all around, but saw nothing like that].',
      ],
      [
        'So {hero.he} asked {helper}, {helper.a}, who could see far from above.',
        '“[I know where that is|That is easy],” said {helper}. “It must be the {home}! [Follow me|Come along|It is not far].”',
        '{helper} flew ahead, and {hero} carried the {baby} [in {hero.his} arms|under {hero.his} coat].',
      ],
      [
        'When they came to the {home}, a worried {mother} [ran|hurried] toward them.',
        '“My baby!” cried the {mother}. “[I looked for you everywhere|I was so worried|At last you are here]!”',
        'The {baby} [jumped down and ran|ran as fast as it could] to its mother.',
      ],
      [
        '“Thank you both,” said the {mother}. “You [have good hearts|will always be welcome here].”',
        '{@glad}',
        '{@learned} [two who work together can find any way|a lost one needs a kind word first].',
      ],
    ],
  },
  {
    name: 'a friend is ill and is cared for',
    begin: (random) => {
      const friend = drawMember(random, [], (member) => member.age === 'animal');
      const hero = drawMember(random, [friend], (member) => member.age !== 'elder');
      const elder = drawMember(random, [friend, hero], (member) => member.age === 'elder');
      const cure = pick(random, [
        { cure: 'hot soup', pot: 'a pot of soup' },
        { cure: 'tea with honey', pot: 'a pot of tea' },
        { cure: 'warm milk', pot: 'a cup of milk' },
      ]);
      return { people: { hero, friend, elder }, words: cure };
    },
    paragraphs: [
      ['{@open}', '{@life}', '{@friend}', '{@habit}', 'They met every [morning|afternoon] {place}.'],
      [
        '[One day|Then, one day,|But one morning] {friend} did not come. {hero} waited [and waited|for a long time|until noon].',
        'At last {hero} went to look, and found {friend} in bed.',
        '“My [head is hot|throat hurts|nose is red], and I feel cold,” whispered {friend}.',
      ],
      [
        '{hero} ran to {elder}, who knew about such things.',
        '“{friend} needs {cure} and a lot of sleep,” said {elder}.',
        '“And something to smile about,” {elder} added.',
      ],
      [
        'So {hero} brought {pot}, [covered {friend} with a blanket|closed the curtains], ' +
          'and sat down by the bed.',
        '[{hero} told one funny story after another.|{hero} sang a soft song.|{hero} drew a picture of the two of them.]',
        'Outside it [grew dark|began to rain], but {hero} did not leave.',
      ],
      [
        '{@later}, {friend} [sat up|opened {friend.his} eyes] and [laughed|smiled].',
        '“I feel much better,” said {friend}. “You stayed with me the whole time!”',
        '“[Of course I did|That is what friends do|You would do the same for me],” said {hero}.',
      ],
      [
        'Soon they were playing {place} again.',
        '{@learned} [kindness is the best medicine|nobody gets well alone|a friend at your side makes the night shorter].',
      ],
    ],
  },
];
