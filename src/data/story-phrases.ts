// The sentences that many stories share: beginnings, weather, feelings, thanks and endings.
import type { Rules } from './story-template.ts';

/** Rules in terms of `hero`, and where the name says so of `friend` or `helper`. */
export const PHRASES: Rules = {
  open: [
    'Once upon a time, there was {hero.a} named {hero}. {hero.He} lived {hero.home}.',
    'Once upon a time, {hero.a} lived {hero.home}. {hero.His} name was {hero}, and {hero.he} loved {hero.loves}.',
    '{hero} was {hero.a} who lived {hero.home}. What {hero.he} liked best was {hero.loves}.',
    'There once was {hero.a} named {hero} who loved {hero.loves}.',
    'This is a story about {hero}, {hero.a} who lived {hero.home}.',
    'Long ago, {hero.a} named {hero} lived {hero.home}. Everyone knew that {hero.he} loved {hero.loves}.',
    '{hero} lived {hero.home}. {hero.He} was {hero.a}, and {hero.he} spent many happy hours {hero.loves}.',
  ],
  friend: [
    '{hero.His} best friend was {friend}, {friend.a}.',
    '{friend}, {friend.a}, was {hero.his} best friend.',
    '{hero} had a good friend named {friend}. {friend} was {friend.a} who loved {friend.loves}.',
    'Not far away lived {hero.his} friend {friend}, {friend.a}.',
  ],
  time: [
    'One [sunny|windy|cool|warm|bright|misty|cold] [morning|afternoon|day]',
    'One [spring|summer|autumn] [morning|afternoon|day]',
    'Early one morning',
    'One day after breakfast',
    'On the first day of [spring|summer|autumn]',
    'One fine day',
  ],
  weather: [
    'The sun was shining and the birds were singing.',
    'White clouds sailed across the blue sky.',
    'The air smelled of fresh grass.',
    'A soft wind moved the leaves.',
    'Dew was still shining on the grass.',
    'Bees were humming in the flowers.',
  ],
  later: [
    'The next day',
    'A few days later',
    'Soon after that',
    'The following morning',
    'When a week had passed',
  ],
  upset: [
    '{hero} felt very sad.',
    'Tears came into {hero.his} eyes.',
    '{hero} sat down and [cried|sighed|hid {hero.his} face].',
    "{hero}'s heart sank.",
    '{hero} did not know what to do.',
  ],
  glad: [
    '{hero} was so happy that {hero.he} [jumped up and down|laughed out loud|danced in a circle|began to sing].',
    "{hero}'s face [lit up with joy|broke into a big smile].",
    '{hero} clapped {hero.his} hands with joy.',
    '{hero} felt [warm inside|as light as a feather|happier than ever before].',
  ],
  hear: [
    '{helper}, {helper.a}, was passing by and heard {hero.him}.',
    'Just then, {helper} came [along the path|around the corner|by]. {helper} was {helper.a}.',
    'Nearby, {helper.a} named {helper} looked up.',
    'Then {hero} saw {helper}, {helper.a} who lived {helper.home}.',
  ],
  askHelper: [
    '“What is the matter, {hero}?” asked {helper}.',
    '“Why are you so sad?” {helper} asked {hero.him} [softly|kindly|in a friendly voice].',
    '“Can I help you?” asked {helper}.',
    '“You look worried, {hero},” said {helper}. “What happened?”',
  ],
  thankHelper: [
    '“Thank you, {helper}!” said {hero}. “[You are a true friend|You are very kind|I could not do it alone].”',
    '“Oh, thank you!” cried {hero}, and {hero.he} gave {helper} a big hug.',
    '“How can I ever thank you, {helper}?” asked {hero}. “Just be my friend,” said {helper}.',
    '{hero} thanked {helper} [again and again|with all {hero.his} heart].',
  ],
  shareHelper: [
    'They shared [a basket of {food}|a jar of honey|some bread and cheese] and talked until the sun went down.',
    '{hero} and {helper} played together all afternoon.',
    'After that, {hero} and {helper} met [every day|every week|again and again] to play.',
    '{hero} gave {helper} [some {food}|a handful of {food}], and they ate together in the shade.',
  ],
  sorry: [
    '“I am sorry,” said {hero} [quietly|in a small voice|with tears in {hero.his} eyes].',
    '“Please forgive me,” said {hero}. “I was wrong.”',
    '“I should not have done that,” said {hero}. “Can you forgive me?”',
    '“It was my fault,” {hero} said. “I am so sorry.”',
  ],
  evening: [
    'That evening, {hero} went home [with a smile|tired but happy|singing a little song].',
    'When the moon came up, {hero} fell asleep [at once|with a smile|and had sweet dreams].',
    'That night, {hero} lay in bed and thought about the day.',
    'By the time the stars came out, {hero} was fast asleep.',
  ],
  learned: [
    'From that day on, {hero} [knew|remembered|never forgot] that',
    '{hero} had learned that',
    'So {hero} found out that',
    'And {hero} understood that',
    'Years later, {hero} still told everyone that',
  ],
};
