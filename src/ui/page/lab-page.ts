// The page: puts the elements in their places and turns their events into calls.
import { html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { RunRecord } from '../../contract/records.ts';
import { appVersion } from '../../text/app-version.ts';
import { baseStyles } from '../figures/styles.ts';
import { canAskForKernels } from '../run-views/kernel-requests.ts';
import { ReplayController, type ReplayView } from '../run-views/replay.ts';
import { AddressController } from '../state/address-controller.ts';
import { type LabConnection, openWorker } from '../state/connection.ts';
import { PageController } from '../state/controller.ts';
import type { Level, Theme } from '../state/events.ts';
import { withRuntimeOf } from '../state/runtime-choice.ts';
import { hasUnsavedSteps, isLabFree, isTraining, type PageState } from '../state/state.ts';
import type { ExperimentForm } from '../train/experiment-form.ts';
import type { OwnTextElement } from '../train/own-text.ts';
import type { RunFiles } from '../train/run-files.ts';
import { handleDrop, handleKey, pageHandlers } from './actions.ts';
import { EarlierRuns } from './earlier-runs.ts';
import { detailedRooms, keepLevel, readLevel } from './level.ts';
import { loadPart, pageParts } from './parts.ts';
import { PreparedPage, withLinkOf, withoutLink } from './prepared.ts';
import { RoomLoader } from './room-loader.ts';
import { roomFromHash, rooms, trainingRoom } from './rooms.ts';
import { pageStyles } from './styles.ts';
import { applyTheme, readTheme } from './theme.ts';
import { takeTourOffer } from './tour-offer.ts';
import { setupColumn, sideColumn, type TrainView, workColumn } from './train-columns.ts';
import '../run-views/kernel-table.ts';
import './header.ts';
import './tabs.ts';
import './notice-strips.ts';

@customElement('lab-page')
export class LabPage extends LitElement {
  static override readonly styles = [baseStyles, pageStyles];

  /** Where the lab comes from; set before the element is in the document. */
  @property({ attribute: false }) connect: () => LabConnection = openWorker;
  /** As an attribute, by which the page's styles leave parts out. */
  @property({ reflect: true }) level: Level = readLevel();
  @state() private theme: Theme = readTheme();
  @state() private room: string = trainingRoom.id;
  @state() private isTourOffered = takeTourOffer();
  /** Rooms that were entered: they keep what was done in them. */
  @state() private entered: readonly string[] = [];
  readonly #loader = new RoomLoader(this, (id) => {
    this.entered = [...new Set([...this.entered, id])];
  });
  @query('experiment-form') private readonly form: ExperimentForm | undefined;
  @query('own-text') private readonly ownText: OwnTextElement | undefined;
  @query('run-files') private readonly files: RunFiles | undefined;

  #controller = new PageController(this, {
    connect: () => this.connect(),
    onFrame: (callback) => void requestAnimationFrame(callback),
    query: withoutLink(location.search),
    linkRead: () => this.#prepared.reading,
    // The room stays in the address, and so do a teacher's link and the runtime.
    showAddress: (experiment) => {
      const query = withLinkOf(location.search, withRuntimeOf(location.search, experiment));
      history.replaceState(
        undefined,
        '',
        `${query === '' ? location.pathname : `?${query}`}${location.hash}`,
      );
    },
    showTitle: (title) => {
      document.title = title;
    },
    settleMilliseconds: 250,
  });
  #prepared = new PreparedPage(this, this.#controller, () => {
    this.level = this.#prepared.level ?? this.level; // for this visit: the own choice stays kept
    this.#takeAddress();
  });
  #replay = new ReplayController(this);
  #earlier = new EarlierRuns(this, this.#controller.access);
  #shownGhosts: readonly RunRecord[] = [];
  #handlers = pageHandlers(this.#controller, {
    showFields: () => void this.form?.showProblem(),
    chooseText: () => this.ownText?.choose(),
    chooseFiles: () => this.files?.choose(),
    leavePrepared: () => {
      this.#prepared.leave();
      this.#takeAddress();
    },
  });
  #onKey = (event: KeyboardEvent): void => handleKey(this.#controller, event);
  #onDragOver = (event: DragEvent): void => event.preventDefault();
  #onDrop = (event: DragEvent): void => handleDrop(this.#handlers, event);

  /** The browser asks before steps are lost; meanwhile they are saved. */
  #onLeave = (event: BeforeUnloadEvent): void => {
    if (!hasUnsavedSteps(this.#controller.state.run)) return;
    event.preventDefault();
    void this.#controller.saved.save();
  };

  constructor() {
    super();
    new AddressController(this, () => this.#takeAddress());
    applyTheme(this.theme);
    for (const [name, handle] of Object.entries(this.#handlers)) {
      this.addEventListener(name, (event) =>
        (handle as (detail: unknown) => void)((event as CustomEvent).detail),
      );
    }
    this.addEventListener('change-theme', (event) => {
      this.theme = (event as CustomEvent<{ theme: Theme }>).detail.theme;
      applyTheme(this.theme);
    });
    this.addEventListener('change-level', (event) => {
      this.level = (event as CustomEvent<{ level: Level }>).detail.level;
      keepLevel(this.level);
    });
    this.addEventListener('show-ghosts', (event) => {
      void this.#earlier.show((event as CustomEvent<{ isShown: boolean }>).detail.isShown);
    });
    this.addEventListener('replay', () => this.#replay.play());
    this.addEventListener('share-with-class', () => void this.#openShareDialog());
    this.addEventListener('open-tour', () => void this.#openTour());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('keydown', this.#onKey);
    addEventListener('dragover', this.#onDragOver);
    addEventListener('drop', this.#onDrop);
    addEventListener('beforeunload', this.#onLeave);
    this.#takeAddress();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.#onKey);
    removeEventListener('dragover', this.#onDragOver);
    removeEventListener('drop', this.#onDrop);
    removeEventListener('beforeunload', this.#onLeave);
  }

  /** What a teacher's link hides never stands on display: the first paint waits for the link, where there is one. */
  protected override async scheduleUpdate(): Promise<void> {
    if (this.#prepared.reading !== undefined) await this.#prepared.reading;
    await super.scheduleUpdate();
  }

  protected override render() {
    const page = this.#controller.state;
    const isIdle = page.run.state === 'idle';
    const replay = isIdle ? this.#replay.view : undefined;
    const shipped = page.kernels.kind === 'none' ? replay?.recorded.kernelTable : undefined;
    const train: TrainView = {
      page,
      access: this.#controller.access,
      replay,
      isEssential: this.#isEssential,
      ghosts: this.#ghosts(page),
      isGhosted: this.#earlier.isShown,
      prepared: this.#prepared,
    };
    return html`<lab-header .device=${page.device} .selfTest=${page.selfTest} .theme=${this.theme} .level=${this.level} ?isTourOffered=${this.isTourOffered}></lab-header>
      <room-tabs .room=${this.room} .without=${[...this.#prepared.hiddenRooms, ...this.#leftOut()]}></room-tabs>
      ${this.#prepared.strip()}
      ${this.#strips(page, replay)}
      <main ?hidden=${this.room !== trainingRoom.id}>
        <div class="column work">${workColumn(train)}</div>
        <div class="column setup">${setupColumn(train)}</div>
        <div class="column side">${sideColumn(train)}</div>
        <kernel-table
          .kernels=${shipped === undefined ? page.kernels : { kind: 'done', value: shipped }}
          ?isShipped=${shipped !== undefined}
          .isReady=${canAskForKernels(page)}
        ></kernel-table>
      </main>
      ${repeat(
        rooms.filter(({ id }) => this.entered.includes(id)),
        ({ id }) => id, // a room that is entered later may stand before one that keeps its state
        (room) => html`<main class="room" ?hidden=${this.room !== room.id}>
          ${room.render(page, this.#controller.access, this.#replay.view?.recorded)}
        </main>`,
      )}
      ${this.#missingRoom()}
      <footer class="small muted">
        Everything stays on this machine, but for results that you send to a class yourself and the names of models that you ask a hub for. Flopscope ${appVersion}.
      </footer>`;
  }

  /** Rooms without a tab; the one that is open has its own. */
  #leftOut(): readonly string[] {
    return this.#isEssential ? detailedRooms.filter((id) => id !== this.room) : [];
  }

  get #isEssential(): boolean {
    return this.level === 'essentials';
  }

  /** What stands in the place of a room whose code has not come. */
  #missingRoom() {
    const { missing } = this.#loader;
    if (this.room !== missing?.id) return nothing;
    return html`<main class="room">
      <p class="missing" role="status">
        <strong>${missing.label} could not be loaded.</strong>
        ${
          navigator.onLine
            ? 'The server does not answer, or the page was renewed there: then this room comes with the next visit.'
            : 'There is no network: it comes by itself when the network is back.'
        }
        What is open here goes on.
        <button @click=${() => void this.#loader.load(missing)}>Try again</button>
      </p>
    </main>`;
  }

  #takeAddress(): void {
    void this.#enter(this.#prepared.visible(roomFromHash(location.hash)));
  }

  /** Shows a room; the first time its code is fetched. */
  async #enter(id: string): Promise<void> {
    this.room = id;
    const room = rooms.find((candidate) => candidate.id === id);
    if (room === undefined || this.entered.includes(id)) return this.#loader.forget();
    await this.#loader.load(room);
  }

  async #openShareDialog(): Promise<void> {
    const { access, state } = this.#controller;
    const dialog = await loadPart('The dialog for a class', pageParts.shareDialog, access.show);
    dialog?.openShareDialog(this.renderRoot, state, access);
  }

  /** It shows the room Train, where that may be seen. */
  async #openTour(): Promise<void> {
    const { access } = this.#controller;
    const tour = await loadPart('The tour', pageParts.tour, access.show);
    if (tour === undefined) return;
    const room = this.#prepared.visible(trainingRoom.id);
    if (this.room !== room) {
      location.hash = room;
      await this.#enter(room);
      await this.updateComplete;
    }
    this.isTourOffered = false;
    if (tour.openTour(this.renderRoot, this.#prepared.hiddenRooms)) return;
    access.show({ kind: 'invalidRequest', message: 'The tour explains parts that this page leaves out.' });
  }

  #strips(page: PageState, replay: ReplayView | undefined) {
    const { run, selfTest, catalogue } = page;
    const wrong = selfTest.kind === 'done' ? selfTest.value.rows.filter((row) => !row.passed) : [];
    const here = page.savedRuns.filter(({ isElsewhere }) => !isElsewhere);
    const unfinished = here.find(({ step, totalSteps }) => step < totalSteps);
    const presetId = replay?.recorded.presetId ?? '';
    return html`<notice-strips
      role="region"
      aria-label="Notices"
      .problems=${page.problems}
      .kept=${{ hasRun: run.state !== 'idle', ...(run.savedStep === undefined ? {} : { savedStep: run.savedStep }) }}
      .notices=${page.notices}
      .wrongKernels=${[...new Set(wrong.map(({ kernel }) => kernel))]}
      .savedRun=${run.state === 'idle' ? (unfinished ?? here[0]) : undefined}
      .elsewhere=${run.state === 'idle' ? page.savedRuns.find(({ isElsewhere }) => isElsewhere) : undefined}
      .recorded=${this.room === trainingRoom.id ? replay?.recorded : undefined}
      .isRecordingAwaited=${this.room === trainingRoom.id && run.state === 'idle' && !this.#replay.isSettled}
      .runTitle=${this.room === trainingRoom.id && run.state !== 'idle' ? (run.title ?? 'A run that is being prepared') : ''}
      .recordedTitle=${catalogue?.presets.find(({ id }) => id === presetId)?.title ?? presetId}
      .nextTitle=${catalogue?.presets.find(({ id }) => id === page.presetId)?.title ?? ''}
      .canStart=${isLabFree(page)}
      ?isBusy=${isTraining(page) || page.busy !== '' || page.calibration.kind === 'running'}
    ></notice-strips>`;
  }

  /** Once asked for they are the same list until the open run is another. */
  #ghosts({ run, savedRuns }: PageState): readonly RunRecord[] | undefined {
    if (run.state === 'idle' || savedRuns.length === 0) return undefined;
    const found = this.#earlier.besides(run.id);
    if (found.length !== this.#shownGhosts.length || found.some((one, at) => one !== this.#shownGhosts[at]))
      this.#shownGhosts = found;
    return this.#shownGhosts;
  }
}
