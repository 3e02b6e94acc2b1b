// The two buttons that ask for a kernel table, the same in the table and in the room of kernels.
import { html } from 'lit';
import type { KernelTable } from '../../contract/kernels.ts';
import { emit } from '../state/events.ts';
import { isLabFree, type Job, type PageState } from '../state/state.ts';

/** Whether a table may be asked for: one job at a time, and none of a run that is not there yet. */
export function canAskForKernels(page: PageState): boolean {
  return isLabFree(page) && page.run.state !== 'preparing';
}

/**
 * Measured and unmeasured.
 * @param host the element that sends `show-kernels`
 * @param isMain whether this is what its surroundings are for
 */
export function kernelRequests(
  host: HTMLElement,
  kernels: Job<KernelTable>,
  { isReady, isMain = false }: { readonly isReady: boolean; readonly isMain?: boolean },
) {
  const request = (label: string, measure: boolean) =>
    html`<button
      class=${measure && isMain ? 'primary' : ''}
      title=${measure ? 'Times every dispatch, each alone, on a copy of the weights' : 'What is predicted, without timing it'}
      ?disabled=${!isReady || kernels.kind === 'running'}
      @click=${() => emit(host, 'show-kernels', { measure })}
    >
      ${label}
    </button>`;
  return html`${request('Profile', true)} ${request('Show the plan', false)}`;
}
