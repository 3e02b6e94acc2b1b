// The room of a class: a student's results and how they leave the page, the teacher's table of all of them, or the class plans.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LessonInfo } from '../../contract/lessons.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { AddressController } from '../state/address-controller.ts';
import { emit } from '../state/events.ts';
import { initialState, type PageState } from '../state/state.ts';
import { pageOutbox } from './outbox.ts';
import './plans.ts';
import './student.ts';
import './teacher.ts';

/** What the address asks of this room: `#class/join/CODE`, `#class/teacher/KEY`, `#class/teacher` without a server, or `#class/plans`. */
export interface ClassPlace {
  readonly side: 'student' | 'teacher' | 'plans';
  /** Join code or key; empty where the address has none. */
  readonly word: string;
}

/** Reads the address. */
export function placeOf(hash: string): ClassPlace {
  const [, side, word = ''] = /^#class\/(join|teacher|plans)(?:\/([\w-]{1,64}))?$/.exec(hash) ?? [];
  return { side: side === 'teacher' || side === 'plans' ? side : 'student', word };
}

// What waits from an earlier visit is sent as soon as this code is there, whether or not anybody enters the room.
pageOutbox();

/** The teacher's key for as long as the tab lives: in the address it would stand on a projector for all to see. */
const keyShelf = 'flopscope-class-key';

@customElement('room-class')
export class RoomClass extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      @media print {
        .for-teachers {
          display: none;
        }
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private lessons: readonly LessonInfo[] = [];
  @state() private place: ClassPlace = { side: 'student', word: '' };
  @state() private key = '';
  @state() private wasTeacher = false;
  #isAsked = false;

  constructor() {
    super();
    new AddressController(this, () => this.#takeAddress());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#takeAddress();
  }

  /** Asks at every entry: a lesson of the teacher's own may have been opened meanwhile. */
  protected override willUpdate(): void {
    if (this.#isAsked || this.access === undefined || this.page.catalogue === undefined) return;
    this.#isAsked = true;
    void this.access
      .attempt('', (lab) => lab.lessons())
      .then((lessons) => {
        this.lessons = lessons ?? [];
      });
  }

  protected override render() {
    const { side, word } = this.place;
    // A teacher's table keeps the files that were opened in it, also while it is not on display.
    return html`${side === 'student' ? html`<class-student .page=${this.page} .lessons=${this.lessons} .invitation=${word}></class-student>` : nothing}
      ${this.wasTeacher ? html`<class-teacher ?hidden=${side !== 'teacher'} .key=${this.key}></class-teacher>` : nothing}
      ${side === 'plans' ? html`<class-plans .lessons=${this.lessons}></class-plans>` : nothing}
      <p class="small for-teachers">
        ${
          side === 'student'
            ? html`You teach? <a href="#class/teacher">Collect the results of a class here</a>, from files and codes, or live with
                <code>flopscope class</code>. <a href="#class/plans">Three class plans</a> put the lessons in order.`
            : html`<a href="#class">Your own results</a> · ${
                side === 'plans'
                  ? html`<a href="#class/teacher">Results of a class</a>`
                  : html`<a href="#class/plans">Class plans</a>`
              }`
        }
      </p>
      <p class="for-teachers"><button @click=${() => emit(this, 'share-with-class', undefined)}>Share with a class …</button></p>`;
  }

  #takeAddress(): void {
    if (!/^#class(\/|$)/.test(location.hash)) return; // another room
    this.place = placeOf(location.hash);
    this.#isAsked = false;
    const { side, word } = this.place;
    if (side !== 'teacher') return;
    this.wasTeacher = true;
    try {
      if (word !== '') sessionStorage.setItem(keyShelf, word);
      this.key = word || (sessionStorage.getItem(keyShelf) ?? '');
    } catch {
      this.key = word; // no storage: it holds until the page is left
    }
    if (word !== '')
      history.replaceState(undefined, '', `${location.pathname}${location.search}#class/teacher`);
  }
}
