// A small template language for stories: fixed text, choices, words of the scene, and rules that expand further.
// `[a|b|]` picks one, `{hero.his}` is a form of a person, `{thing.a}` a word of the scene, `{@end}` one of a rule's texts.
import { pick, type Random } from '../random.ts';

/** Someone in a story; the same name always means the same person. */
export interface Person {
  readonly name: string;
  /** What they are: `girl`, `mouse`. */
  readonly kind: string;
  readonly pronoun: 'she' | 'he';
  /** The adjective by which they are introduced. */
  readonly trait: string;
  /** Where they live, with its preposition: `in an old barn`. */
  readonly home: string;
  /** What they love to do, as `climbing trees`. */
  readonly loves: string;
}

/** What the slots of a story stand for. A word may itself be a template. */
export interface Scene {
  readonly people: Readonly<Record<string, Person>>;
  readonly words: Readonly<Record<string, string>>;
}

/** The course of a kind of story. */
export interface Plot {
  /** What happens, in one line. */
  readonly name: string;
  /** Draws who and what takes part. */
  readonly begin: (random: Random) => Scene;
  /** Templates of sentences, in paragraphs. */
  readonly paragraphs: readonly (readonly string[])[];
}

/** Texts by the name of the rule; each use picks one. */
export type Rules = Readonly<Record<string, readonly string[]>>;

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'slot'; readonly name: string; readonly form: string }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'choice'; readonly options: readonly (readonly Part[])[] };

/** Puts "a" or "an" before a word by its first letter; the lexicon has no word that is spoken otherwise. */
export function withArticle(word: string): string {
  return /^[aeiou]/i.test(word) ? `an ${word}` : `a ${word}`;
}

/** A renderer of templates under these rules; it keeps parsed templates. @throws for a faulty template, quoting it */
export function createRenderer(rules: Rules): (template: string, scene: Scene, random: Random) => string {
  const parsed = new Map<string, readonly Part[]>();

  function render(template: string, scene: Scene, random: Random): string {
    let parts = parsed.get(template);
    if (!parts) {
      parts = parseTemplate(template);
      parsed.set(template, parts);
    }
    return renderParts(parts, scene, random);
  }

  function renderParts(parts: readonly Part[], scene: Scene, random: Random): string {
    let text = '';
    for (const part of parts) text += renderPart(part, scene, random);
    return text;
  }

  function renderPart(part: Part, scene: Scene, random: Random): string {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'choice':
        return renderParts(pick(random, part.options), scene, random);
      case 'rule':
        return render(pick(random, need(rules[part.name], `the rule ${part.name}`)), scene, random);
      case 'slot': {
        const person = scene.people[part.name];
        if (person) return personForm(person, part.form);
        const word = render(need(scene.words[part.name], `the word ${part.name}`), scene, random);
        return part.form === 'a' ? withArticle(word) : word;
      }
      default:
        return part satisfies never;
    }
  }

  return render;
}

function personForm(person: Person, form: string): string {
  const isShe = person.pronoun === 'she';
  switch (form) {
    case '':
      return person.name;
    case 'he':
      return person.pronoun;
    case 'He':
      return isShe ? 'She' : 'He';
    case 'him':
      return isShe ? 'her' : 'him';
    case 'his':
      return isShe ? 'her' : 'his';
    case 'His':
      return isShe ? 'Her' : 'His';
    case 'himself':
      return isShe ? 'herself' : 'himself';
    case 'kind':
      return person.kind;
    case 'a':
      return withArticle(`${person.trait} ${person.kind}`);
    case 'A':
      return withArticle(`${person.trait} ${person.kind}`).replace('a', 'A');
    case 'home':
      return person.home;
    case 'loves':
      return person.loves;
    default:
      throw new Error(
        `story template: no such form of a person: ${form}. Use he, him, his, kind, a, home or loves; He, His or A.`,
      );
  }
}

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new Error(`story template: not defined: ${what}. Add it to the scene or the rules.`);
  return value;
}

function parseTemplate(template: string): readonly Part[] {
  const tokens = template.match(/[[\]|]|\{[^{}]*\}|[{}]|[^[\]|{}]+/g) ?? [];
  let next = 0;
  const parseUntil = (isInside: boolean): readonly Part[] => {
    const parts: Part[] = [];
    for (; next < tokens.length; next++) {
      const token = tokens[next];
      if (isInside && (token === '|' || token === ']')) return parts;
      parts.push(token === '[' ? parseChoice() : parseSimple(token));
    }
    if (isInside) throw new Error(`story template: a choice is not closed: ${template}. Add "]".`);
    return parts;
  };
  const parseChoice = (): Part => {
    const options: (readonly Part[])[] = [];
    do {
      next++; // past "[" or "|"
      options.push(parseUntil(true));
    } while (tokens[next] === '|');
    return { kind: 'choice', options };
  };
  const parseSimple = (token: string): Part => {
    const slot = /^\{(@?)(\w+)(?:\.(\w+))?\}$/.exec(token);
    if (slot)
      return slot[1] ? { kind: 'rule', name: slot[2] } : { kind: 'slot', name: slot[2], form: slot[3] ?? '' };
    if (/[{}\]|]/.test(token))
      throw new Error(`story template: "${token}" is out of place: ${template}. Remove it.`);
    // Curly quotes keep the sources readable; the corpus itself is plain ASCII.
    return { kind: 'text', text: token.replace(/[“”]/g, '"') };
  };
  return parseUntil(false);
}
