// The rooms of the page, in the order of the tabs. A room is loaded when it is first entered, and then kept.
import { html, type TemplateResult } from 'lit';
import type { LabAccess } from '../state/access.ts';
import type { LabState } from '../state/state.ts';

/** One room: an element that gets the state and a way to the worker. */
export interface Room {
  /** What the address says after `#`. */
  readonly id: string;
  readonly label: string;
  /** Defines the element. */
  readonly load: () => Promise<unknown>;
  readonly render: (lab: LabState, access: LabAccess) => TemplateResult;
}

/** The room that the page opens in; its parts stand in the page itself. */
export const trainingRoom = { id: 'train', label: 'Train' } as const;

/** All other rooms. */
export const rooms: readonly Room[] = [
  {
    id: 'model',
    label: 'Model',
    load: () => import('../model/room.ts'),
    render: (lab, access) => html`<room-model .lab=${lab} .access=${access}></room-model>`,
  },
  {
    id: 'runs',
    label: 'Runs',
    load: () => import('../runs/room.ts'),
    render: (lab, access) => html`<room-runs .lab=${lab} .access=${access}></room-runs>`,
  },
  {
    id: 'compare',
    label: 'Compare',
    load: () => import('../compare/room.ts'),
    render: (lab, access) => html`<room-compare .lab=${lab} .access=${access}></room-compare>`,
  },
  {
    id: 'costs',
    label: 'Costs',
    load: () => import('../costs/room.ts'),
    render: (lab) => html`<room-costs .lab=${lab}></room-costs>`,
  },
  {
    id: 'kernels',
    label: 'Kernels',
    load: () => import('../kernels/room.ts'),
    render: (lab, access) => html`<room-kernels .lab=${lab} .access=${access}></room-kernels>`,
  },
  {
    id: 'inside',
    label: 'Inside',
    load: () => import('../inside/room.ts'),
    render: (lab, access) => html`<room-inside .lab=${lab} .access=${access}></room-inside>`,
  },
  {
    id: 'validation',
    label: 'Validation',
    load: () => import('../validation/room.ts'),
    render: (lab, access) => html`<room-validation .lab=${lab} .access=${access}></room-validation>`,
  },
  {
    id: 'lessons',
    label: 'Lessons',
    load: () => import('../lessons/room.ts'),
    render: (lab, access) => html`<room-lessons .lab=${lab} .access=${access}></room-lessons>`,
  },
];

/** The room that an address names (`#costs`, or `#lessons/heads` for a part of one), or the training room. */
export function roomFromHash(hash: string, known: readonly { readonly id: string }[] = rooms): string {
  const [, id] = /^#([a-z]+)(?:\/[\w-]+)?$/.exec(hash) ?? [];
  return known.find((room) => room.id === id)?.id ?? trainingRoom.id;
}
