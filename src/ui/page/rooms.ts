// The rooms of the page, in the order of the tabs. A room is loaded when it is first entered, and then kept.
import { html, type TemplateResult } from 'lit';
import type { RunRecord } from '../../contract/records.ts';
import type { RoomAccess } from '../state/access.ts';
import type { PageState } from '../state/state.ts';

/** One room: an element that gets the state and a way to the worker. */
export interface Room {
  /** What the address says after `#`. */
  readonly id: string;
  readonly label: string;
  /** Defines the element. */
  readonly load: () => Promise<unknown>;
  /** @param recorded the run that ships with the page, which stands where there is none of one's own yet */
  readonly render: (page: PageState, access: RoomAccess, recorded: RunRecord | undefined) => TemplateResult;
}

/** The room that the page opens in; its parts stand in the page itself. */
export const trainingRoom = { id: 'train', label: 'Train' } as const;

/** All other rooms. */
export const rooms: readonly Room[] = [
  {
    id: 'model',
    label: 'Model',
    load: () => import('../model/room.ts'),
    render: (page, access) => html`<room-model .page=${page} .access=${access}></room-model>`,
  },
  {
    id: 'runs',
    label: 'Runs',
    load: () => import('../runs/room.ts'),
    render: (page, access, recorded) =>
      html`<room-runs .page=${page} .access=${access} .recorded=${recorded}></room-runs>`,
  },
  {
    id: 'compare',
    label: 'Compare',
    load: () => import('../compare/room.ts'),
    render: (page, access) => html`<room-compare .page=${page} .access=${access}></room-compare>`,
  },
  {
    id: 'costs',
    label: 'Costs',
    load: () => import('../costs/room.ts'),
    render: (page) => html`<room-costs .page=${page}></room-costs>`,
  },
  {
    id: 'kernels',
    label: 'Kernels',
    load: () => import('../kernels/room.ts'),
    render: (page, access, recorded) =>
      html`<room-kernels .page=${page} .access=${access} .recorded=${recorded}></room-kernels>`,
  },
  {
    id: 'inside',
    label: 'Inside',
    load: () => import('../inside/room.ts'),
    render: (page, access, recorded) =>
      html`<room-inside .page=${page} .access=${access} .recordedRun=${recorded}></room-inside>`,
  },
  {
    id: 'serving',
    label: 'Serving',
    load: () => import('../serving/room.ts'),
    render: (page, access) => html`<room-serving .page=${page} .access=${access}></room-serving>`,
  },
  {
    id: 'laws',
    label: 'Laws',
    load: () => import('../laws/room.ts'),
    render: (page, access) => html`<room-laws .page=${page} .access=${access}></room-laws>`,
  },
  {
    id: 'validation',
    label: 'Validation',
    load: () => import('../validation/room.ts'),
    render: (page, access, recorded) =>
      html`<room-validation .page=${page} .access=${access} .recorded=${recorded}></room-validation>`,
  },
  {
    id: 'lessons',
    label: 'Lessons',
    load: () => import('../lessons/room.ts'),
    render: (page, access) => html`<room-lessons .page=${page} .access=${access}></room-lessons>`,
  },
  {
    id: 'class',
    label: 'Class',
    load: () => import('../class/room.ts'),
    render: (page, access) => html`<room-class .page=${page} .access=${access}></room-class>`,
  },
];

/** The room that an address names (`#costs`, or `#lessons/heads` and `#costs/qwen3-0.6b` for a part of one), or the training room. */
export function roomFromHash(hash: string, known: readonly { readonly id: string }[] = rooms): string {
  const [, id] = /^#([a-z]+)(?:\/[\w+-][\w.+-]*)*$/.exec(hash) ?? [];
  return known.find((room) => room.id === id)?.id ?? trainingRoom.id;
}
