// The run that the worker has: its loop, what is kept of it, what was measured of it, and who waits for its end.

import type { KernelTable } from '../../contract/kernels.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { LabEvent } from '../../contract/runs.ts';
import { hasChat } from '../../data/tokenizers/chat.ts';
import { measuredTable } from '../../lab/cost/kernel-table.ts';
import type { Engine } from '../../lab/plans/engine.ts';
import type { Run } from '../../lab/training/run.ts';
import { RunLoop } from '../../lab/training/run-loop.ts';
import type { RunKeeper } from './keeper.ts';

/** A run from its preparation until another takes its place, or its device is lost. */
export class OpenRun {
  readonly run: Run;
  readonly keeper: RunKeeper;
  readonly loop: RunLoop;
  /** Median of its steps of late; undefined before the first. */
  #stepSeconds: number | undefined;
  /** As profiled, with steps on a copy of its weights. */
  #kernels: KernelTable | undefined;
  #isPutAside = false;
  /** Wake those who wait for its end; called at every change of its state. */
  #waiting: (() => void)[] = [];

  /** @param emit gets what happens in it for as long as no other run has its place */
  constructor(run: Run, keeper: RunKeeper, emit: (event: LabEvent) => void) {
    this.run = run;
    this.keeper = keeper;
    this.loop = new RunLoop(run, {
      emit: (event) => {
        keeper.take(event); // also the last events of a run that is put aside
        if (event.kind === 'state') this.#wake();
        if (this.#isPutAside) return;
        if (event.kind === 'timing') this.#stepSeconds = event.timing.stepSeconds;
        emit(event);
      },
      save: (checkpoint) => keeper.save(checkpoint),
    });
  }

  /** What the page is told of it when it is ready. */
  get prepared(): LabEvent {
    const { experiment, corpus, prediction, runtime, floors, bytesPerToken } = this.run;
    return {
      kind: 'prepared',
      id: this.keeper.id,
      title: this.keeper.record.title,
      hasChat: hasChat(corpus.tokenizer),
      unknownTokens: experiment.model.vocabulary - corpus.tokenizer.vocabularySize,
      prediction,
      allocatedBytes: runtime.allocatedBytes,
      totalSteps: experiment.train.steps,
      floors,
      bytesPerToken,
    };
  }

  /** Seconds of a step: as trained, or as profiled where it has taken none yet. */
  get stepSeconds(): number | undefined {
    return this.#stepSeconds ?? this.#kernels?.stepSeconds;
  }

  /** Times every dispatch of a step between two steps, and keeps the table with the record. */
  async measureKernels(
    engine: Engine,
    onProgress: (done: number, total: number) => void,
  ): Promise<KernelTable> {
    const table = await this.loop.exclusive(() =>
      measuredTable(engine, this.run, this.#stepSeconds, onProgress),
    );
    this.#kernels = table;
    this.keeper.addKernels(table);
    return table;
  }

  /** Waits until it has come to its end. @returns its record; undefined if it was put aside before */
  async ended(): Promise<RunRecord | undefined> {
    while (!this.#isPutAside && ['running', 'paused'].includes(this.loop.state))
      await new Promise<void>((wake) => this.#waiting.push(wake));
    if (this.#isPutAside) return undefined;
    await this.keeper.settled();
    return this.keeper.record;
  }

  /** Another run takes its place: what it learned since the last save is kept, and its memory given back. */
  async close(): Promise<void> {
    this.putAside();
    if (this.run.trainer.progress.step > 0) await this.loop.stop();
    else await this.loop.pause();
    await this.keeper.settled();
    this.run.runtime.dispose();
  }

  /** Nobody is told any more what happens in it. Alone where its device is lost: nothing of it can be used then. */
  putAside(): void {
    this.#isPutAside = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
