// Text, next tokens and answers from the weights of the worker's run, on the reference loops.
import { describe, expect, it } from 'vitest';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { inThisThread } from '../../data/tokenizers/in-this-thread.ts';
import { asFiles, json, lossesIn, ownWords, setUp, text } from './worker-runs.ts';

describe('sampling', () => {
  it('draws no token that the tokenizer lacks where only known ones are asked for', async () => {
    const { runs, events } = setUp();
    await runs.prepare(json({ model: { vocabulary: 300 }, data: { source: 'file' } }), text(ownWords));
    const letters = new Set(ownWords).size;
    expect(events.find(({ kind }) => kind === 'prepared')).toMatchObject({ unknownTokens: 300 - letters });
    const request = { prompt: 'the', maximumTokens: 20, temperature: 5, topK: 0, topP: 1, seed: 1 };
    expect((await runs.sample(request, () => undefined)).text).toContain('\ufffd');
    const known = await runs.sample({ ...request, knownTokens: true }, () => undefined);
    expect(known.text).not.toContain('\ufffd');
  });

  it('says what may come next, and how many of its sums are right', async () => {
    const { runs } = setUp();
    await runs.prepare(json({ data: { source: 'arithmetic', characters: 8000 } }));
    const { step, logits, likeliest } = await runs.nextTokens({ prompt: '1+' });
    expect(step).toBe(0);
    expect(likeliest).toHaveLength(12);
    expect(new Set(likeliest.map(({ text }) => text)).size).toBe(12);
    expect(likeliest[0]?.name.length).toBe(1);
    expect(logits.every(Number.isFinite)).toBe(true);
    await expect(runs.nextTokens({ prompt: 'ZZZ' })).rejects.toMatchObject({
      problem: { kind: 'invalidRequest' },
    });
    const report = await runs.askAnswers();
    expect(report).toMatchObject({ step: 0, questions: 40 });
    expect(report.examples[0]).toMatchObject({ question: '37+48=', answer: '85' });
    expect(report.examples).toHaveLength(6);
    // 37+48=85 may be in 8000 characters; of its sums of one digit some are.
    expect(report.seen.questions).toBeLessThan(40);
    expect(report.seen.correct).toBeLessThanOrEqual(report.seen.questions);
    expect(Object.values(report.kinds).reduce((sum, { questions }) => sum + questions, 0)).toBe(40);
    await runs.prepare(json({ data: { source: 'file' } }), text(ownWords));
    await expect(runs.askAnswers()).rejects.toThrow(/no lines such as/);
  });

  it('asks a run of conversations its held-out turns', async () => {
    useEncoderThreads(inThisThread);
    const { runs } = setUp();
    const train = { lossPositions: 'answers' };
    await runs.prepare(json({ train, data: { source: 'instructions', characters: 8000 } }));
    const report = await runs.askAnswers();
    expect(report.questions).toBeGreaterThan(3);
    expect(report.examples[0]?.question).toMatch(/[.?]$/);
    expect(report.examples[0]?.written).not.toContain('<|end|>');
  });

  it('answers in a conversation, up to the token that ends it, and refuses where there is no template', async () => {
    useEncoderThreads(inThisThread);
    const { runs, events } = setUp();
    await runs.prepare(json({ model: { context: 64 }, data: { source: 'instructions', characters: 8000 } }));
    expect(events.find(({ kind }) => kind === 'prepared')).toMatchObject({ hasChat: true });
    const messages = [{ role: 'user', content: 'Spell lamp.' }] as const;
    const request = { prompt: '', messages, maximumTokens: 12, temperature: 1, topK: 0, topP: 1, seed: 3 };
    const heard: string[] = [];
    const answer = await runs.sample(request, (soFar) => heard.push(soFar));
    expect(heard.at(-1)).toBe(answer.text);
    expect(answer.tokens).toBeLessThanOrEqual(12);
    expect(answer.chat).toEqual({ isEnded: answer.tokens < 12, dropped: 0 });
    const wrong = [{ role: 'user', content: 'Ünknown' }] as const;
    await expect(runs.sample({ ...request, messages: wrong }, () => undefined)).rejects.toMatchObject({
      problem: { kind: 'invalidRequest' },
    });
    await runs.prepare(json({ data: { source: 'file' } }), text(ownWords));
    await expect(runs.sample(request, () => undefined)).rejects.toThrow(/no chat template/);
  });

  it('goes on from a model of conversations, on the answers of those beside it or of generated ones', async () => {
    useEncoderThreads(inThisThread);
    const first = setUp();
    const model = { context: 32 };
    await first.runs.prepare(json({ model, data: { source: 'instructions', characters: 8000 } }));
    const files = asFiles(await first.runs.exportRun('huggingFace'));
    const alone = await setUp().runs.importRun(files);
    expect(alone.experiment).toMatchObject({
      train: { lossPositions: 'answers' },
      data: { source: 'instructions' },
    });
    const line = `{"messages":[{"role":"user","content":"Spell lamp."},{"role":"assistant","content":"lamp"}]}\n`;
    const { runs, events } = setUp();
    const own = { name: 'folder/own.jsonl', content: new Blob([line.repeat(40)]) };
    const { experiment } = await runs.importRun([...files, own]);
    expect(experiment).toMatchObject({ train: { lossPositions: 'answers' }, data: { source: 'file' } });
    for (let i = 0; i < 3; i++) await runs.step();
    expect([...lossesIn(events).values()].every(Number.isFinite)).toBe(true);
    const report = await runs.askAnswers();
    expect(report.seen.questions).toBe(report.questions); // all of its lines are the same
  });

  it('streams the text so far, from a line end when nothing was asked, and can be cancelled', async () => {
    const { runs } = setUp();
    await runs.prepare(json({ data: { source: 'file' } }), text(ownWords)); // has no line end
    const heard: string[] = [];
    const request = { prompt: '', maximumTokens: 60, temperature: 1, topK: 0, topP: 1, seed: 1 };
    const report = await runs.sample(request, (soFar) => heard.push(soFar));
    expect(report.text).toBe(heard.at(-1));
    expect(report.tokens).toBe(60);
    expect(heard.length).toBeGreaterThan(2);
    const cancelled = await runs.sample(request, () => runs.cancelSample());
    expect(cancelled.tokens).toBeLessThan(60);
    await expect(runs.sample({ ...request, prompt: 'ZZZ' }, () => undefined)).rejects.toMatchObject({
      problem: { kind: 'invalidRequest' },
    });
  });
});
