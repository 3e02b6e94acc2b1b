// The room of lessons: read, guess, run, compare. Nothing runs before a guess is committed.
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { encodeLink, longestLinkedLesson } from '../../classroom/link.ts';
import { linkParameter } from '../../classroom/link-names.ts';
import type {
  LessonEvent,
  LessonGuess,
  LessonInfo,
  LessonPrediction,
  LessonSize,
} from '../../contract/lessons.ts';
import { controlPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { AddressController } from '../state/address-controller.ts';
import { valueAt } from '../state/experiment.ts';
import { type LessonWork, lessonWork, noteLessonWork } from '../state/lesson-work.ts';
import { forgetLesson, openLesson, ownLessons } from '../state/own-lessons.ts';
import {
  hasGpu,
  hasWeights,
  initialState,
  isLabFree,
  isOnProcessor,
  isTraining,
  type PageState,
} from '../state/state.ts';
import { lessonsStyles } from './styles.ts';
import '../figures/copy-link.ts';
import './attention.ts';
import './glossary.ts';
import './guess.ts';
import './outcome.ts';

/** The lesson that runs. */
interface Running {
  readonly key: string;
  readonly fraction: number;
  readonly what: string;
  readonly prediction?: LessonPrediction;
}

@customElement('room-lessons')
export class RoomLessons extends LitElement {
  static override readonly styles = controlPanel(lessonsStyles);

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private lessons: readonly LessonInfo[] = [];
  @state() private chosen = '';
  /** The reader's choice of form; until then what suits the device. */
  @state() private wantedSize: LessonSize | undefined;
  @state() private work: ReadonlyMap<string, LessonWork> = lessonWork.get();
  @state() private running: Running | undefined;
  /** Lessons of a teacher's own: what their files say, by id. */
  @state() private own: ReadonlyMap<string, string> = new Map();

  /** The lesson of a teacher's own that was forgotten last, which one press brings back. */
  @state() private forgotten: { readonly title: string; readonly text: string } | undefined;

  #ownTexts = new Set<string>();
  /** What was opened by hand, which is shown when it is read. */
  #wanted = '';
  #forget: (() => void) | undefined;
  #isAsked = false;
  #isCancelled = false;
  constructor() {
    super();
    new AddressController(this, () => this.#takeAddress());
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (this.#isAsked || this.access === undefined || !changes.has('page')) return;
    if (this.page.catalogue === undefined) return; // the worker is not there yet
    this.#isAsked = true;
    void this.access
      .attempt('', (lab) => lab.lessons())
      .then((lessons) => {
        this.lessons = lessons ?? [];
        this.chosen ||= this.lessons[0]?.id ?? '';
        this.#takeAddress();
        this.#forget = ownLessons.subscribe((texts) => void this.#addOwn(texts));
      });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#forget?.();
  }

  /** Puts lessons of a teacher's own behind the others. One that cannot be read is said and forgotten. */
  async #addOwn(texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      if (this.#ownTexts.has(text)) continue;
      this.#ownTexts.add(text);
      const result = await this.access?.attempt('', (lab) => lab.addLesson(text));
      const info = result && this.access?.take(result);
      if (info === undefined) {
        forgetLesson(text);
        continue;
      }
      this.own = new Map(this.own).set(info.id, text);
      this.lessons = [...this.lessons.filter(({ id }) => id !== info.id), info];
      if (text === this.#wanted) location.hash = `lessons/${info.id}`;
      this.#takeAddress();
    }
  }

  async #openFile(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file === undefined) return;
    const text = await file.text();
    input.value = '';
    this.#ownTexts.delete(text); // opened again it is read again
    this.#wanted = text;
    openLesson(text);
  }

  /** A link that carries the lesson; one that is too long for a link goes as its file. */
  #linkToOwn(id: string, text: string) {
    if (text.length > longestLinkedLesson)
      return html`<span class="muted">This lesson is too long for a link: give its file.</span>`;
    const link = encodeLink({ version: 1, place: `lessons/${id}`, lesson: text, hide: [], lock: [] });
    return html`<copy-link place="lessons/${id}" query="${linkParameter}=${link}" label="Copy the link with this lesson"></copy-link>
      <button class="plain" @click=${() => this.#drop(id, text)}>Forget this lesson</button>`;
  }

  #drop(id: string, text: string): void {
    const title = this.lessons.find((lesson) => lesson.id === id)?.title ?? id;
    forgetLesson(text);
    this.forgotten = { title, text };
    this.#ownTexts.delete(text);
    this.lessons = this.lessons.filter((lesson) => lesson.id !== id);
    location.hash = `lessons/${this.lessons[0]?.id ?? ''}`;
  }

  #bringBack(text: string): void {
    this.forgotten = undefined;
    this.#wanted = text;
    openLesson(text);
  }

  #takeAddress(): void {
    const id = lessonOfAddress();
    if (this.lessons.some((lesson) => lesson.id === id)) this.chosen = id;
  }

  protected override render() {
    const lesson = this.lessons.find(({ id }) => id === this.chosen);
    return html`<nav class="panel" aria-label="Lessons">
        <div class="head"><h2>Lessons</h2></div>
        <ol>
          ${this.lessons.map((one, index) => this.#entry(one, index))}
        </ol>
        <p class="small" role="status">
          ${
            this.forgotten === undefined
              ? nothing
              : html`“${this.forgotten.title}” is forgotten.
                <button class="plain" @click=${() => this.#bringBack(this.forgotten?.text ?? '')}>Undo</button>`
          }
        </p>
        <label class="own small">
          Open a lesson file
          <input type="file" accept=".json,.md,application/json,text/markdown" @change=${this.#openFile} />
        </label>
      </nav>
      ${lesson === undefined ? html`<p class="muted">Loading the lessons …</p>` : this.#article(lesson)}
      <glossary-list></glossary-list>`;
  }

  /** Before that the size may still change, and with it the question: a guess that somebody types would be gone. */
  get #isDeviceKnown(): boolean {
    const { kind } = this.page.device;
    return kind === 'done' || kind === 'failed';
  }

  get #size(): LessonSize {
    const isSlow = isOnProcessor(this.page);
    return this.wantedSize ?? (isSlow ? 'small' : 'normal');
  }

  #entry({ id, title, summary }: LessonInfo, index: number) {
    const done = (['normal', 'small'] as const).map((size) => this.work.get(keyOf(id, size))?.outcome);
    const isRunning = this.running?.key.startsWith(`${id} `) === true;
    const mark = isRunning ? '…' : done.some(Boolean) ? '✓' : String(index + 1);
    return html`<li>
      <button
        class="entry"
        aria-current=${id === this.chosen ? 'true' : 'false'}
        @click=${() => {
          location.hash = `lessons/${id}`; // which chooses it: a lesson can be linked, and gone back from
        }}
      >
        <span class="mark ${mark === '✓' ? 'done' : ''}" aria-hidden="true">${mark}</span>
        <span>
          <span class="title">${title}</span>
          <span class="small muted">${summary}</span>
          ${done.some(Boolean) ? html`<span class="sr">(done)</span>` : nothing}
        </span>
      </button>
    </li>`;
  }

  /** The guess, the size of the experiment, and what runs it. */
  #question(lesson: LessonInfo, size: LessonSize, key: string, running: Running | undefined) {
    const { guess, outcome } = this.work.get(key) ?? {};
    return html`<lesson-guess
          .question=${lesson.question[size]}
          .guess=${guess}
          .isOpen=${outcome === undefined && running === undefined}
          @commit-guess=${({ detail }: CustomEvent<LessonGuess>) => this.#note(key, { guess: detail })}
          @reopen-guess=${() => this.#note(key, { guess: undefined })}
        ></lesson-guess>
        ${this.#sizes(lesson, size)} ${this.#run(lesson, key, running)}`;
  }

  #article(lesson: LessonInfo) {
    const size = this.#size;
    const own = this.own.get(lesson.id);
    const key = keyOf(lesson.id, size);
    const { outcome } = this.work.get(key) ?? {};
    const running = this.running?.key === key ? this.running : undefined;
    return html`<article aria-labelledby="title">
      <section class="panel">
        <h1 id="title">${lesson.title}</h1>
        <p class="row small">
          ${
            own === undefined
              ? html`<copy-link place="lessons/${lesson.id}" label="Copy the link to this lesson"></copy-link>`
              : this.#linkToOwn(lesson.id, own)
          }
        </p>
        <div class="prose">${lesson.text.map((paragraph) => html`<p>${paragraph}</p>`)}</div>
        ${this.#isDeviceKnown ? this.#question(lesson, size, key, running) : html`<p class="muted">Opening the device: a slow one is asked for less …</p>`}
        <p class="small muted source">${lesson.source}</p>
      </section>
      <lesson-outcome
        .question=${lesson.question[size]}
        .prediction=${running === undefined ? outcome?.prediction : running.prediction}
        .outcome=${running === undefined ? outcome : undefined}
      ></lesson-outcome>
      ${lesson.ownRun === 'attention' ? this.#ownRun() : nothing}
    </article>`;
  }

  /** The attention of the run that is open in the room “Train”, where there is one. */
  #ownRun() {
    const { run } = this.page;
    const { experiment } = run;
    if (!hasWeights(run) || experiment === undefined) return nothing;
    const count = (path: string): number => Number(valueAt(experiment, path) ?? 1);
    return html`<lesson-attention
      .access=${this.access}
      .layers=${count('model.layers')}
      .heads=${count('model.heads')}
    ></lesson-attention>`;
  }

  #sizes(lesson: LessonInfo, size: LessonSize) {
    const one = (id: LessonSize, label: string) =>
      html`<label class="check">
        <input
          type="radio"
          name="size"
          .checked=${size === id}
          ?disabled=${this.running !== undefined}
          @change=${() => {
            this.wantedSize = id;
          }}
        />
        ${label}
      </label>`;
    return html`<fieldset class="sizes">
      <legend class="sr">How much to run</legend>
      ${one('normal', hasGpu(this.page) ? 'Full form, a minute or two on a GPU' : 'Full form, many minutes')} ${one('small', 'Small form, seconds')}
      <span class="small muted what">${lesson.runs[size]}</span>
    </fieldset>`;
  }

  #run(lesson: LessonInfo, key: string, running: Running | undefined) {
    const { guess, outcome } = this.work.get(key) ?? {};
    if (running !== undefined) {
      return html`<div class="row">
        <progress max="1" .value=${running.fraction} aria-label="Progress of the lesson"></progress>
        <span role="status">${running.what}</span> <span class="muted">${Math.round(100 * running.fraction)} %</span>
        <button @click=${this.#cancel}>Cancel</button>
      </div>`;
    }
    const why = this.#whyNot(guess);
    return html`<div class="row">
      <button
        class=${outcome === undefined ? 'primary' : ''}
        ?disabled=${why !== ''}
        @click=${() => this.#start(lesson, key)}
      >
        ${outcome === undefined ? 'Run it' : 'Run it again'}
      </button>
      <span class="small muted">${why}</span>
    </div>`;
  }

  /** Why the lesson cannot run now; empty when it can. */
  #whyNot(guess: LessonGuess | undefined): string {
    const { run } = this.page;
    if (guess === undefined) return 'First make your guess.';
    if (this.running !== undefined) return 'Another lesson is running.';
    if (isTraining({ run })) return 'A run is training. Pause it in the room “Train”, then run the lesson.';
    return isLabFree(this.page) ? '' : 'The device is busy.';
  }

  async #start({ id, title }: LessonInfo, key: string): Promise<void> {
    const { access } = this;
    const { guess } = this.work.get(key) ?? {};
    if (access === undefined || guess === undefined || this.running !== undefined) return;
    this.running = { key, fraction: 0, what: 'Beginning' };
    const onEvent = (event: LessonEvent): void => {
      if (this.running?.key !== key) return; // progress has a port of its own and may come after the answer
      this.running =
        event.kind === 'prediction'
          ? { ...this.running, prediction: event.prediction }
          : { ...this.running, fraction: event.fraction, what: event.what };
    };
    const request = { id, size: this.#size, guess };
    const result = await access.attempt(`Lesson: ${title}`, (lab) => lab.runLesson(request, onEvent));
    this.running = undefined;
    if (result === undefined) return;
    const isCancelled = result.kind === 'problem' && this.#isCancelled;
    this.#isCancelled = false;
    const outcome = isCancelled ? undefined : access.take(result, 'runLesson');
    if (outcome !== undefined) this.#note(key, { outcome });
  }

  #cancel(): void {
    this.#isCancelled = true;
    void this.access?.attempt('', (lab) => lab.cancelLesson());
  }

  #note(key: string, change: LessonWork): void {
    noteLessonWork(key, change);
    this.work = lessonWork.get();
  }
}

function keyOf(id: string, size: LessonSize): string {
  return `${id} ${size}`;
}

/** The lesson that the address names; empty where it names none. */
function lessonOfAddress(): string {
  return /^#lessons\/([\w-]+)$/.exec(location.hash)?.[1] ?? '';
}
