// Keeps the page's state and talks to the worker on its behalf: every failure ends up on display, none is thrown.
import { atom } from 'nanostores';
import type { Lab } from '../../contract/lab.ts';
import type { Problem, Result } from '../../contract/values.ts';
import type { LabConnection } from './connection.ts';
import { initialState, type Job, type PageState, type ShownProblem } from './state.ts';

/** The parts of the state that are filled by one long call each. */
export type JobName = 'selfTest' | 'calibration' | 'kernels';

/** What such a call gives. */
export type JobValue<K extends JobName> = PageState[K] extends Job<infer T> ? T : never;

/** The state and the connection behind it. */
export class PageStore {
  readonly $state = atom<PageState>(initialState);
  #onChange: () => void;
  #connection: LabConnection | undefined;
  #problemCount = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get state(): PageState {
    return this.$state.get();
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  connect(connection: LabConnection): void {
    this.#connection = connection;
    void connection.died.then((reason) => {
      if (this.#connection !== connection) return;
      const { run } = this.state;
      this.set({
        isWorkerGone: true,
        busy: '',
        run: run.state === 'idle' ? run : { ...run, state: 'failed' },
      });
      this.show({ kind: 'internal', message: `The worker ended: ${reason}.` });
    });
  }

  disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  set(change: Partial<PageState>): void {
    this.$state.set({ ...this.state, ...change });
    this.#onChange();
  }

  /** Puts a problem on display; it replaces an older one of its kind, or of the same call (`asked`). */
  show(problem: Problem, asked?: keyof Lab): void {
    this.#problemCount += 1;
    const others = this.state.problems.filter(
      (shown) => shown.problem.kind !== problem.kind && (asked === undefined || shown.asked !== asked),
    );
    const fieldProblems = problem.fields ?? this.state.fieldProblems;
    this.set({ problems: [...others, { id: this.#problemCount, problem, asked }], fieldProblems });
  }

  /** Takes problems of these kinds off the display: their cause is gone. */
  settle(...kinds: readonly Problem['kind'][]): void {
    this.#drop(({ problem }) => kinds.includes(problem.kind));
  }

  /**
   * The value of a result; a problem is shown and gives undefined. `asked` is the call whose answer it is: an earlier
   * refusal of it is off the display then.
   */
  take<T>(result: Result<T>, asked?: keyof Lab): T | undefined {
    if (result.kind === 'problem') {
      this.show(result.problem, asked);
      return undefined;
    }
    if (asked !== undefined) this.#drop((shown) => shown.asked === asked);
    return result.value;
  }

  #drop(isOver: (shown: ShownProblem) => boolean): void {
    const left = this.state.problems.filter((shown) => !isOver(shown));
    if (left.length < this.state.problems.length) this.set({ problems: left });
  }

  /** Runs one conversation with the worker, under a word on what is going on. What it throws is a fault. */
  async attempt<T>(busy: string, talk: (lab: Lab) => Promise<T>): Promise<T | undefined> {
    const connection = this.#connection;
    if (connection === undefined) return undefined;
    if (busy !== '') this.set({ busy });
    try {
      return await talk(connection.lab);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (this.#connection === connection && !this.state.isWorkerGone)
        this.show({ kind: 'internal', message });
      return undefined;
    } finally {
      if (busy !== '') this.set({ busy: '' });
    }
  }

  /** Runs a long call whose progress and outcome are part of the state. */
  async job<K extends JobName>(
    name: K,
    what: string,
    ask: (lab: Lab, report: (share: number, what: string) => void) => Promise<Result<JobValue<K>>>,
  ): Promise<void> {
    const before = this.state[name];
    if (before.kind === 'running') return;
    const setJob = (job: Job<JobValue<K>>): void => this.set({ [name]: job } as Partial<PageState>);
    let isOpen = true; // Progress has a message port of its own and may come after the answer.
    setJob({ kind: 'running', share: 0, what });
    if (before.kind === 'failed') this.#drop(({ problem }) => problem === before.problem); // it is asked again
    await this.attempt('', async (lab) => {
      const result = await ask(lab, (share, detail) => {
        if (isOpen) setJob({ kind: 'running', share, what: detail === '' ? what : `${what}: ${detail}` });
      });
      isOpen = false;
      if (result.kind === 'ok') setJob({ kind: 'done', value: result.value });
      else {
        setJob({ kind: 'failed', problem: result.problem });
        this.show(result.problem);
      }
    });
    isOpen = false;
    if (this.state[name].kind === 'running') this.set({ [name]: before } as Partial<PageState>);
  }
}
