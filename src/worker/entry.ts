// The worker: exposes the lab to the page.
import { expose } from 'comlink';
import { createLab } from './lab-service.ts';

expose(createLab());
