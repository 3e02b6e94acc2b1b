// Where a model's parameters lie in a file: its names without their wrappers, and what is missing, unknown or of another shape.
import type { ModelConfig } from '../config.ts';
import { showKey } from '../fields/check.ts';
import { parameterSpecs } from '../parameters.ts';
import { fileLayout, fileNames } from './layout.ts';
import type { FileLayout, Part } from './parts.ts';

/** Constants that old files keep beside the weights. */
const buffers =
  /(^|\.)(attn\.(bias|masked_bias)|attention\.(attention\.)?(bias|masked_bias)|rotary_emb\.inv_freq)$/;

/** What wrappers put before every name: DataParallel, DeepSpeed, PEFT. */
const wrappers = /^(module\.|_forward_module\.|base_model\.model\.)+/;

/** What wrappers of single modules put into names: torch.compile, FSDP, activation checkpoints. */
const innerWrappers = /(?<=^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;

/** Updates of low rank that an adapter keeps beside a weight. */
const adapters = /\.(lora_[AB]|lora_embedding_[AB]|base_layer)\b/;

/** Where the parameters of a model lie in a file whose names and shapes were checked; its numbers were not looked at yet. */
export interface ImportPlan {
  /** Parts by our parameter's name, under the names that the file has. */
  readonly parts: ReadonlyMap<string, readonly Part[]>;
  /** Tensors that must be zero, as the model has no such parameters. */
  readonly zeros: readonly string[];
  /** Tensors that must be equal: a tied head that is stored too, and the embedding. */
  readonly tied: readonly [head: string, embedding: string] | undefined;
}

/**
 * Finds a model's parameters among the tensors of its file. Prefixes (`transformer.`, `model.`) may be missing, those of wrappers
 * (`module.`, `_orig_mod.`, a training module's `model.`) are passed over.
 * @param shapes shapes by the file's names
 * @param type the file's `model_type`: families that compute the same name their tensors differently
 * @throws an Error named InvalidFileError that names the tensors that are missing, not known or of another shape.
 */
export function planImport(
  model: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  type?: string,
): ImportPlan {
  const usual = placeParts(model, unwrapped(shapes.keys()), type);
  const held = usual.missing.length > 0 ? placeParts(model, withoutHolder(shapes.keys()), type) : usual;
  const { file, asStored, isHeadOnly, parts, missing } = held.missing.length > 0 ? usual : held;
  if (missing.length > 0) {
    const strangers = strangersOf(
      shapes.keys(),
      [...parts.values()].flat(),
      [file.head, ...file.zeros.map(({ name }) => name)].map(asStored),
    );
    const others = strangers.length > 0 ? `, while ${listNames(strangers)} not known in this layout` : '';
    refuse(`${listNames(missing)} missing${others}`, 'The file belongs to another config.json, or is cut.');
  }
  const expected = new Map([...parts.values()].flat().map(({ name, shape }) => [name, shape]));
  const zeros = file.zeros.map(({ name, shape }) => ({ name: asStored(name), shape }));
  for (const { name, shape } of zeros) expected.set(name, shape);
  const head = asStored(file.head);
  if (model.tiedHead) expected.set(head, [model.vocabulary, model.width]);
  const unknown: string[] = [];
  for (const [name, shape] of shapes) {
    const wanted = expected.get(name);
    if (wanted) checkShape(name, shape, wanted);
    else if (!buffers.test(name)) unknown.push(name);
  }
  if (unknown.length > 0)
    refuse(`${listNames(unknown)} not known in this layout`, 'Remove what is no part of the model.');
  return {
    parts,
    zeros: zeros.map(({ name }) => name).filter((name) => shapes.has(name)),
    tied: model.tiedHead && shapes.has(head) && !isHeadOnly ? [head, asStored(file.embedding)] : undefined,
  };
}

/** What a file has under names that nothing looks for. */
function strangersOf(names: Iterable<string>, parts: readonly Part[], others: readonly string[]): string[] {
  const wanted = new Set([...parts.map(({ name }) => name), ...others]);
  return [...names].filter((name) => !wanted.has(name) && !buffers.test(name));
}

/** Finds the parts of a model by the names that a file's tensors have without their wrappers. @param stored the file's own names by those */
function placeParts(model: ModelConfig, stored: ReadonlyMap<string, string>, type: string | undefined) {
  const file = fileLayout(model, fileNames(model, stored.keys(), type), type);
  const asStored = (name: string) => stored.get(name) ?? name;
  // Some tools store a tied table once, under the name of the head.
  const isHeadOnly = model.tiedHead && stored.has(file.head) && !stored.has(file.embedding);
  const nameOf = ({ name }: Part) => (isHeadOnly && name === file.embedding ? file.head : name);
  const listed = parameterSpecs(model).map(({ name }) => [name, partsOf(file, name)] as const);
  const wanted = listed.flatMap(([, parts]) => parts.map(nameOf));
  const parts = new Map(
    listed.map(([name, list]) => [name, list.map((part) => ({ ...part, name: asStored(nameOf(part)) }))]),
  );
  return { file, asStored, isHeadOnly, parts, missing: wanted.filter((name) => !stored.has(name)) };
}

/** The parts of the file that make up a parameter. */
export function partsOf(file: FileLayout, name: string): readonly Part[] {
  const parts = file.parts.get(name);
  if (!parts) throw new Error(`Hugging Face layout: the parameter ${name} has no place in the file.`);
  return parts;
}

/** A file's own names by those without wrappers. */
export function unwrapped(names: Iterable<string>): Map<string, string> {
  const stored = new Map<string, string>();
  const bareNames = new Map(
    [...names].map((name) => [name, name.replace(innerWrappers, '').replace(wrappers, '')]),
  );
  // A module that trains a model holds it as `model`: then even the head's name begins with that, or a prefix is there twice.
  const isHeld = [...bareNames.values()].some((name) =>
    /^model\.(model|transformer|gpt_neox|lm_head|embed_out)\./.test(name),
  );
  for (const [name, wrapped] of bareNames) {
    if (adapters.test(name))
      refuse(
        `${showKey(name)} is of an adapter`,
        'Merge it into the weights: in Python, merge_and_unload().save_pretrained(OUT).',
      );
    const bare = isHeld ? wrapped.replace(/^model\./, '') : wrapped;
    const other = stored.get(bare);
    if (other !== undefined)
      refuse(`${showKey(other)} and ${showKey(name)} are one tensor by their names`, 'Remove one.');
    stored.set(bare, name);
  }
  return stored;
}

/** A file's own names by those without the parts that all begin with: whatever the module is called that held the model. */
function withoutHolder(names: Iterable<string>): Map<string, string> {
  const paths = [...names].map((name) => ({ name, path: name.replace(innerWrappers, '').split('.') }));
  const [first = []] = paths.map(({ path }) => path.slice(0, -2));
  const isShared = (depth: number) => paths.every(({ path }) => path[depth] === first[depth]);
  const depth = first.findIndex((_, index) => !isShared(index));
  const shared = depth < 0 ? first.length : depth;
  return new Map(paths.map(({ name, path }) => [path.slice(shared).join('.'), name]));
}

function checkShape(name: string, found: readonly number[], wanted: readonly number[]): void {
  const isSame = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length && a.every((size, i) => size === b[i]);
  if (isSame(found, wanted)) return;
  const says = `${name} is [${found.join(', ')}], config.json makes it [${wanted.join(', ')}]`;
  if (isSame([...found].reverse(), wanted))
    refuse(
      `${says}: it is transposed, as ${
        name.includes('c_attn') || name.includes('.mlp.c_')
          ? 'nn.Linear stores what this family keeps as Conv1D'
          : 'another program stores it'
      }`,
      'Transpose the matrices of the layers (weight.T) and save the file again.',
    );
  refuse(says, 'Give the config.json of these weights.');
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => (/^[\w.]{1,80}$/.test(name) ? name : showKey(name)));
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${shown.join(', ')}${more} ${names.length === 1 ? 'is' : 'are'}`;
}

/** Refuses a file. @throws an Error named InvalidFileError */
export function refuse(what: string, advice: string): never {
  const error = new Error(`weights: ${what}. ${advice}`);
  error.name = 'InvalidFileError';
  throw error;
}
