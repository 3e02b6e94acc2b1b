// The worker: exposes the lab to the page.
import { expose } from 'comlink';
import { useEncoderThreads } from '../data/tokenizers/encoder.ts';
import { createLab } from './lab-service.ts';
import { startEncoderThread } from './tokenizer-thread.ts';

useEncoderThreads(startEncoderThread);
expose(createLab());
