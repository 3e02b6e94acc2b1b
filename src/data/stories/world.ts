// Who and what the stories are about: a fixed cast, so that a name always means the same person, and their world.
import { pick, type Random } from '../random.ts';
import type { Person } from './template.ts';

/** What an animal can do that others cannot; the helper of a story is chosen by it. */
export type Skill = 'climb' | 'swim' | 'dig' | 'lift';

/** A member of the cast. */
export interface CastMember extends Person {
  readonly age: 'child' | 'animal' | 'elder';
  readonly skill: Skill | undefined;
}

type Row = readonly [string, string, 'she' | 'he', string, string, string, Skill?];

const children: readonly Row[] = [
  ['Lily', 'girl', 'she', 'curious', 'in a yellow house', 'picking flowers'],
  ['Tom', 'boy', 'he', 'brave', 'near the forest', 'climbing hills'],
  ['Anna', 'girl', 'she', 'gentle', 'on a small farm', 'feeding the hens'],
  ['Ben', 'boy', 'he', 'cheerful', 'by the sea', 'looking for shells'],
  ['Rosa', 'girl', 'she', 'clever', 'in a tall brick house', 'reading old books'],
  ['Max', 'boy', 'he', 'restless', 'at the end of the lane', 'running through puddles'],
  ['Emma', 'girl', 'she', 'quiet', 'in a cottage by the lake', 'drawing pictures'],
  ['Jack', 'boy', 'he', 'proud', 'beside the mill', 'racing down the hill'],
  ['Nora', 'girl', 'she', 'kind', 'above the bakery', 'telling stories'],
  ['Sam', 'boy', 'he', 'shy', 'behind the school', 'watching the clouds'],
  ['Ivy', 'girl', 'she', 'stubborn', 'in a house with a green door', 'building towers'],
  ['Leo', 'boy', 'he', 'funny', 'in a little town', 'making jokes'],
  ['Mia', 'girl', 'she', 'careful', 'near the old bridge', 'counting birds'],
  ['Oscar', 'boy', 'he', 'dreamy', 'in a house on the hill', 'looking at the stars'],
  ['Clara', 'girl', 'she', 'lively', 'across from the park', 'dancing in the rain'],
  ['Finn', 'boy', 'he', 'patient', 'by the harbor', 'fishing with a long rod'],
  ['Vera', 'girl', 'she', 'polite', 'opposite the library', 'playing the violin'],
  ['Karl', 'boy', 'he', 'serious', 'in a house with a round window', 'mixing colors'],
  ['Zoe', 'girl', 'she', 'bold', 'on the top floor of a tower', 'exploring dark cellars'],
  ['Viktor', 'boy', 'he', 'hungry', 'across from the kitchen garden', 'cooking for guests'],
];

const animals: readonly Row[] = [
  ['Hazel', 'squirrel', 'she', 'quick', 'in a hollow oak', 'hiding nuts', 'climb'],
  ['Whiskers', 'cat', 'he', 'sleepy', 'on a warm windowsill', 'lying in the sun', 'climb'],
  ['Momo', 'monkey', 'he', 'silly', 'in a garden of fruit trees', 'swinging from branches', 'climb'],
  ['Olive', 'owl', 'she', 'wise', 'in a dark pine tree', 'watching the moon', 'climb'],
  ['Coco', 'crow', 'he', 'noisy', 'on top of the church tower', 'collecting shiny buttons', 'climb'],
  ['Ruby', 'robin', 'she', 'merry', 'in a nest above the gate', 'singing at dawn', 'climb'],
  ['Daisy', 'duck', 'she', 'friendly', 'among the reeds', 'diving for weeds', 'swim'],
  ['Otto', 'otter', 'he', 'playful', 'on the river bank', 'sliding down muddy banks', 'swim'],
  ['Freddy', 'frog', 'he', 'bouncy', 'under a lily pad', 'catching flies', 'swim'],
  ['Bella', 'beaver', 'she', 'busy', 'in a lodge of sticks', 'building dams', 'swim'],
  ['Tilly', 'turtle', 'she', 'slow', 'beside the quiet pond', 'walking in the cool grass', 'swim'],
  ['Milo', 'mole', 'he', 'humble', 'under the meadow', 'digging long tunnels', 'dig'],
  ['Rosie', 'rabbit', 'she', 'nervous', 'in a burrow under the hedge', 'nibbling clover', 'dig'],
  ['Biscuit', 'dog', 'he', 'loyal', 'in a red kennel', 'chasing sticks', 'dig'],
  ['Bramble', 'badger', 'he', 'grumpy', 'under an old elm', 'sleeping late', 'dig'],
  ['Bruno', 'bear', 'he', 'strong', 'in a cave on the mountain', 'eating honey', 'lift'],
  ['Clover', 'horse', 'she', 'proud', 'in a wide green field', 'running in the wind', 'lift'],
  ['Hector', 'ox', 'he', 'calm', 'on the far side of the farm', 'pulling the cart', 'lift'],
  ['Ella', 'elephant', 'she', 'gentle', 'near the water hole', 'spraying water', 'lift'],
  ['Mina', 'mouse', 'she', 'tiny', 'in an old barn', 'nibbling cheese'],
  ['Hugo', 'hedgehog', 'he', 'shy', 'under a pile of leaves', 'looking for berries'],
  ['Lulu', 'lamb', 'she', 'sweet', 'in a white pen', 'jumping over stones'],
  ['Fern', 'deer', 'she', 'graceful', 'deep in the forest', 'drinking from the spring'],
  ['Felix', 'fox', 'he', 'clever', 'in a den among the rocks', 'playing tricks'],
  ['Penny', 'pig', 'she', 'greedy', 'behind the farm house', 'rolling in mud'],
  ['Zora', 'goat', 'she', 'wild', 'on a rocky slope', 'jumping from stone to stone'],
  ['Quincy', 'rooster', 'he', 'vain', 'on the garden wall', 'crowing at sunrise'],
  ['Kiki', 'kitten', 'she', 'naughty', 'in a basket by the stove', 'hunting for string'],
  ['Xaver', 'donkey', 'he', 'lazy', 'in a shed behind the inn', 'dozing in the shade'],
  ['Gus', 'goose', 'he', 'bossy', 'next to the mill pond', 'marching in a line'],
];

const elders: readonly Row[] = [
  ['Grandma Rose', 'old woman', 'she', 'loving', 'in a cottage full of clocks', 'knitting socks'],
  ['Grandpa Joe', 'old man', 'he', 'jolly', 'in a hut near the orchard', 'carving wood'],
  ['Aunt May', 'baker', 'she', 'busy', 'behind the market', 'baking bread'],
  ['Uncle Pete', 'sailor', 'he', 'cheerful', 'on a blue boat', 'singing songs of the sea'],
  ['Miss Bell', 'teacher', 'she', 'patient', 'next to the school', 'reading aloud'],
  ['Mr. Green', 'gardener', 'he', 'quiet', 'in the middle of a garden', 'growing roses'],
];

const toMember =
  (age: CastMember['age']) =>
  ([name, kind, pronoun, trait, home, loves, skill]: Row): CastMember => ({
    name,
    kind,
    pronoun,
    trait,
    home,
    loves,
    age,
    skill,
  });

/** Everyone who may appear. */
export const cast: readonly CastMember[] = [
  ...children.map(toMember('child')),
  ...animals.map(toMember('animal')),
  ...elders.map(toMember('elder')),
];

/** Draws a member that fits and is not among those taken. @throws if there is none */
export function drawMember(
  random: Random,
  taken: readonly Person[],
  fits: (member: CastMember) => boolean,
): CastMember {
  const free = cast.filter((member) => fits(member) && !taken.includes(member));
  if (free.length === 0) throw new Error(`story cast: nobody fits: ${taken.length} are taken. Ask for less.`);
  return pick(random, free);
}

/** Colors and looks of things. */
export const looks = [
  'red',
  'blue',
  'green',
  'yellow',
  'orange',
  'purple',
  'golden',
  'silver',
  'striped',
  'spotted',
];

/** Things a child or an animal may own, by what can happen to them; none begins with a vowel that is not spoken. */
export const things = {
  /** Carried off by the wind. */
  light: ['kite', 'hat', 'scarf', 'ribbon', 'feather', 'paper bird', 'handkerchief', 'flag'],
  /** Swimming on water. */
  floating: [
    'ball',
    'toy boat',
    'wooden duck',
    'straw basket',
    'wooden spoon',
    'cork',
    'rubber ring',
    'paddle',
  ],
  /** Rolling into holes. */
  rolling: ['marble', 'coin', 'ring', 'button', 'bead', 'bell', 'whistle', 'acorn cup'],
  /** Rolling under heavy things. */
  round: ['ball', 'drum', 'hoop', 'wheel', 'barrel', 'spinning top', 'globe'],
  /** Nice to have, easy to break. */
  toys: ['toy train', 'doll', 'music box', 'puppet', 'wagon', 'castle', 'lantern', 'clock', 'rocking horse'],
} as const;

/** Things to pick and to eat, in the plural. */
export const foods = [
  'berries',
  'cherries',
  'nuts',
  'plums',
  'pears',
  'carrots',
  'peaches',
  'grapes',
  'apples',
];

/** Places with their preposition, for where something happened. */
export const places = [
  'in the meadow',
  'at the edge of the forest',
  'by the river',
  'near the old mill',
  'in the orchard',
  'on the beach',
  'on top of the hill',
  'behind the barn',
  'in the village square',
  'under the big chestnut tree',
  'in the rose garden',
  'by the stone bridge',
];
