// What a reader does to the model diagram, as events.

/** Events of `<model-diagram>` with their details: keys of a part or block, the first layer of a section. */
export interface DiagramEvents {
  'pick-part': string;
  'toggle-block': string;
  'split-section': number;
}

/** Sends one of them. */
export function emitPick<K extends keyof DiagramEvents>(
  from: EventTarget,
  name: K,
  detail: DiagramEvents[K],
): void {
  from.dispatchEvent(new CustomEvent(name, { detail }));
}
