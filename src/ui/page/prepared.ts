// A page that a teacher prepared: reads the link, hides rooms and parts, and keeps the link in the address.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { html, nothing } from 'lit';
import type { TeacherLink } from '../../classroom/link.ts';
import { allFields, linkParameter } from '../../classroom/link-names.ts';
import { unread } from '../../classroom/reading.ts';
import type { FormField } from '../../contract/form.ts';
import type { PageController } from '../state/controller.ts';
import type { Level } from '../state/events.ts';
import { holdsSettings, isLocked } from '../state/lock.ts';
import { openLesson } from '../state/own-lessons.ts';
import { rooms, trainingRoom } from './rooms.ts';

/** Parts of the room Train that a link can hide, by their elements. */
export const parts = [
  { id: 'preset-picker', label: 'List of experiments' },
  { id: 'own-text', label: 'Own text' },
  { id: 'experiment-form', label: 'All settings' },
  { id: 'run-readouts', label: 'Figures of the run' },
  { id: 'loss-chart', label: 'Loss curve' },
  { id: 'sample-list', label: 'Samples during training' },
  { id: 'sampler-box', label: 'Writing with the model' },
  { id: 'throughput-gauge', label: 'Tokens per second' },
  { id: 'prediction-panel', label: 'Prediction' },
  { id: 'run-files', label: 'Saving and opening' },
  { id: 'device-panel', label: 'Device' },
  { id: 'kernel-table', label: 'Kernel table' },
] as const;

/** The address's query (without `?`) without the link, which the reader of experiments does not know. */
export function withoutLink(search: string): string {
  const query = new URLSearchParams(search);
  query.delete(linkParameter);
  return query.toString();
}

/** The query with the link of another one, as it was. */
export function withLinkOf(search: string, query: string): string {
  const link = new URLSearchParams(search).get(linkParameter);
  if (link === null) return query;
  return [...(query === '' ? [] : [query]), new URLSearchParams({ [linkParameter]: link })].join('&');
}

/** Where the network went between the page and its reader. */
const unloaded = unread(
  'The part of the page that reads a teacher’s link did not come. Reload the page; until then all of it is shown.',
);

type PageHost = ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
type TextTaker = Pick<PageController, 'state' | 'showProblem' | 'form'>;

/** What the link of the address asks for, once it is read. */
export class PreparedPage implements ReactiveController {
  readonly #host: PageHost;
  readonly #controller: TextTaker;
  readonly #onRead: () => void;
  readonly #sheet = new CSSStyleSheet();
  #link: TeacherLink | undefined;
  #isTextAwaited = false;
  /** Done when the link is read, or cannot be; undefined where the address has none. The first paint waits for it. */
  reading: Promise<void> | undefined;

  constructor(host: PageHost, controller: TextTaker, onRead: () => void) {
    this.#host = host;
    this.#controller = controller;
    this.#onRead = onRead;
    host.addController(this);
  }

  hostConnected(): void {
    const found = new URLSearchParams(location.search).get(linkParameter);
    if (found !== null && this.reading === undefined) this.reading = this.#read(found);
  }

  /** The worker reads a text: it has to be there. Nothing is trained on it before somebody presses Train. */
  hostUpdated(): void {
    const text = this.#link?.text;
    if (!this.#isTextAwaited || text === undefined || this.#controller.state.catalogue === undefined) return;
    this.#isTextAwaited = false;
    void this.#controller.form.takeText({ name: text.name, content: new Blob([text.content]) });
  }

  /** Ids of rooms that are not shown. */
  get hiddenRooms(): readonly string[] {
    return this.#link?.hide ?? [];
  }

  /** Paths of settings that cannot be changed. */
  locked(fields: readonly FormField[]): readonly string[] {
    const { locked } = this.#controller.state;
    return fields.flatMap(({ path }) => (isLocked(locked, path) ? [path] : []));
  }

  /** The room, or where it is not shown the first that is. */
  visible(room: string): string {
    const all = [trainingRoom, ...rooms].filter(({ id }) => !this.hiddenRooms.includes(id));
    return all.find(({ id }) => id === room)?.id ?? all[0]?.id ?? trainingRoom.id;
  }

  /** The settings that are shown. */
  shown(fields: readonly FormField[]): readonly FormField[] {
    const hidden = this.#link?.hide ?? [];
    if (hidden.includes(allFields)) return [];
    return hidden.length === 0 ? fields : fields.filter(({ path }) => !hidden.includes(path));
  }

  /** How much of the page the teacher wants shown at first. */
  get level(): Level | undefined {
    return this.#link?.level;
  }

  /** Shows the whole page and frees all of it; the experiment and the text stay, and the address loses the link. */
  leave(): void {
    this.#link = undefined;
    this.#controller.form.lock([]);
    const { renderRoot } = this.#host;
    if (renderRoot instanceof ShadowRoot)
      renderRoot.adoptedStyleSheets = renderRoot.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
    const query = withoutLink(location.search);
    history.replaceState(undefined, '', `${query === '' ? location.pathname : `?${query}`}${location.hash}`);
    this.#host.requestUpdate();
  }

  /** What the teacher says. */
  strip() {
    const message = this.#link?.message ?? '';
    if (message === '') return nothing;
    return html`<p class="prepared" role="note"><strong>From your teacher:</strong> ${message}</p>`;
  }

  async #read(found: string): Promise<void> {
    const read = await import('../../classroom/link.ts').then(
      ({ readLink }) => readLink(found),
      () => unloaded,
    );
    if (read.kind === 'problem') {
      this.#controller.showProblem({ kind: 'invalidRequest', message: read.message });
      return;
    }
    this.#link = read.value;
    this.#isTextAwaited = read.value.text !== undefined;
    this.#hideParts(read.value);
    this.#controller.form.lock(read.value.lock);
    if (read.value.lesson !== undefined) openLesson(read.value.lesson);
    if (location.hash === '' && read.value.place !== undefined)
      history.replaceState(undefined, '', `${location.href}#${read.value.place}`);
    this.#onRead();
  }

  /** By a style of the page: the parts need not know. Names come from the table above, none from the link. */
  #hideParts({ hide, lock }: TeacherLink): void {
    // Another preset would change what is locked.
    const isHidden = (id: string): boolean =>
      hide.includes(id) || (id === 'preset-picker' && holdsSettings(lock));
    const names = parts.map(({ id }) => id).filter(isHidden);
    const { renderRoot } = this.#host;
    if (names.length === 0 || !(renderRoot instanceof ShadowRoot)) return;
    this.#sheet.replaceSync(`${names.join(', ')} { display: none !important; }`);
    renderRoot.adoptedStyleSheets = [...renderRoot.adoptedStyleSheets, this.#sheet];
  }
}
