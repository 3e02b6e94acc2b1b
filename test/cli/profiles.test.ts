// Profiles as files: there and back, what is refused, and where they are kept.
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { cacheDirectory, profileFromJson, profileToJson, readProfile } from '../../src/cli/profiles.ts';
import { wasmCapabilities } from '../../src/lab/plans/engine.ts';
import { createFolder } from '../folders.ts';
import { exampleProfile } from './example-profile.ts';
import { writeJson } from './run-command.ts';

describe('profiles', () => {
  it('come back from a file as they were', async () => {
    const path = writeJson(createFolder(), 'p.json', profileToJson(exampleProfile));
    expect(await readProfile(path)).toEqual(exampleProfile);
  });

  it('of threads, which have no workgroups, come back too', async () => {
    const ofThreads = { ...exampleProfile, capabilities: wasmCapabilities };
    const path = writeJson(createFolder(), 'p.json', profileToJson(ofThreads));
    expect((await readProfile(path)).capabilities.maxWorkgroupStorageBytes).toBe(0);
  });

  it.each([
    ['version', 99],
    ['fmaFlopsPerSecond', { value: 0, spread: 0, repeats: 1 }],
    ['copyBytesPerSecond', []],
    ['kernels', { softmax: [{ shape: 'x', limitSeconds: -1 }] }],
    ['capabilities', undefined],
  ])('with a wrong %s are refused by name', (key, value) => {
    const json = { ...profileToJson(exampleProfile), [key]: value };
    expect(() => profileFromJson('p.json', json)).toThrow(
      new RegExp(`^p\\.json: ${key}.*flopscope calibrate`),
    );
  });

  it('that are something else are refused for the key that is missing', () => {
    expect(() => profileFromJson('p.json', { model: {} })).toThrow(/^p\.json: version is missing\. Make one/);
  });

  it('are kept where the user’s cache is', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/somewhere');
    expect(cacheDirectory()).toBe(join('/somewhere', 'flopscope'));
    vi.stubEnv('XDG_CACHE_HOME', '');
    expect(cacheDirectory()).toMatch(/cache.*flopscope$/i);
  });
});
