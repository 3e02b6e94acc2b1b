// The teacher's guide: three classes of 45 minutes made of the lessons, with questions and answers, and a sheet to print.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LessonInfo, LessonQuestion } from '../../contract/lessons.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import { type ClassPlan, classMinutes, classPlans, frameMinutes, lessonsOfPlan } from './plan-texts.ts';

@customElement('class-plans')
export class ClassPlans extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      .aim {
        max-width: 70ch;
      }
      ol {
        list-style: none;
        margin: 10px 0;
        padding: 0;
        display: grid;
        gap: 10px;
      }
      li {
        display: grid;
        grid-template-columns: 4.5em minmax(0, 1fr);
        gap: 10px;
      }
      .minutes {
        color: var(--muted);
        white-space: nowrap;
      }
      .step {
        max-width: 70ch;
      }
      dt {
        font-weight: 600;
        margin-top: 8px;
      }
      dd {
        margin: 2px 0 0 1em;
      }
      .sheet {
        display: none;
      }
      /* On paper: one sheet for the students, without the answers. */
      @media print {
        :host([printing]) section,
        :host([printing]) .intro {
          display: none;
        }
        :host([printing]) .sheet {
          display: block;
        }
        .sheet article {
          break-inside: avoid;
          margin-top: 1.2em;
        }
        .blanks {
          display: flex;
          gap: 1.5em;
          margin: 0.8em 0;
        }
        .blank {
          flex: 1;
          border-bottom: 1px solid;
          padding-bottom: 1.4em;
        }
      }
    `,
  );

  @property({ attribute: false }) lessons: readonly LessonInfo[] = [];
  /** The plan whose sheet is wanted on paper. */
  @state() private printed: ClassPlan | undefined;

  protected override render() {
    return html`<p class="intro">
        Three classes of ${classMinutes} minutes, each for itself or in this order. In every lesson students guess first,
        then the page predicts, measures and compares. Choose the small form where machines have no GPU: it takes seconds.
      </p>
      ${classPlans.map((plan) => this.#plan(plan))}
      ${this.printed === undefined ? nothing : this.#sheet(this.printed)}`;
  }

  #plan(plan: ClassPlan) {
    const { core, more } = lessonsOfPlan(this.lessons, plan.id);
    return html`<section class="panel" aria-labelledby="plan-${plan.id}">
      <div class="head">
        <h2 id="plan-${plan.id}">${plan.title}</h2>
        <span class="muted">${classMinutes} minutes</span>
      </div>
      <p class="aim">${plan.aim}</p>
      <ol>
        ${entry(frameMinutes, html`<p class="step">${plan.opening}</p>`)}
        ${core.map((lesson) => entry(lesson.teaching?.minutes, lessonStep(lesson)))}
        ${entry(frameMinutes, html`<p class="step">${plan.closing}</p>`)}
        ${more.map((lesson) => entry(undefined, lessonStep(lesson)))}
      </ol>
      <button ?disabled=${core.length === 0} @click=${() => void this.#print(plan)}>Print the sheet for students</button>
    </section>`;
  }

  /** Seen on paper only. */
  #sheet(plan: ClassPlan) {
    const { core, more } = lessonsOfPlan(this.lessons, plan.id);
    return html`<div class="sheet">
      <h1>${plan.title}</h1>
      <div class="blanks"><span class="blank">Name</span><span class="blank">Computer, and what computes in it</span></div>
      ${[...core, ...more].map(
        (lesson) => html`<article>
          <h2>${lesson.title}${lesson.teaching?.minutes === undefined ? ' (if you are early, or at home)' : ''}</h2>
          ${questionText(lesson.question.small)}
          <div class="blanks">
            <span class="blank">I guess</span><span class="blank">The page predicts</span>
            <span class="blank">It measured</span>
          </div>
          ${lesson.teaching?.questions.map(({ ask }) => html`<p class="blank">${ask}</p>`)}
        </article>`,
      )}
    </div>`;
  }

  async #print(plan: ClassPlan): Promise<void> {
    this.printed = plan;
    this.toggleAttribute('printing', true);
    await this.updateComplete;
    window.print(); // which waits for the dialog
    this.toggleAttribute('printing', false);
  }
}

function entry(minutes: number | undefined, what: unknown) {
  return html`<li>
    <span class="minutes">${minutes === undefined ? 'at home' : `${minutes} min`}</span>
    <div>${what}</div>
  </li>`;
}

/** A lesson with its question, and what to ask aloud; the answers stand behind a click, for a projector shows the page. */
function lessonStep(lesson: LessonInfo) {
  return html`<div class="step">
    <a href="#lessons/${lesson.id}">${lesson.title}</a>
    ${questionText(lesson.question.small)}
    <details>
      <summary>To ask aloud, with the answers</summary>
      <dl>
        ${lesson.teaching?.questions.map(
          ({ ask, expect }) =>
            html`<dt>${ask}</dt>
              <dd>${expect}</dd>`,
        )}
      </dl>
    </details>
  </div>`;
}

function questionText(question: LessonQuestion) {
  const choices = question.kind === 'choice' ? question.choices.map(({ label }) => label).join(' · ') : '';
  return html`<p>${question.text}</p>
    ${choices === '' ? nothing : html`<p class="muted">${choices}</p>`}`;
}
