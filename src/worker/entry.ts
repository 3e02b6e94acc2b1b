// The worker: exposes the lab to the page.
import { expose } from 'comlink';
import { useEncoderThreads } from '../data/tokenizers/asked-thread.ts';
import { createLab } from './lab-service.ts';
import { startThread } from './threads/start.ts';

useEncoderThreads(() => startThread('tokenizer'));
expose(createLab());
