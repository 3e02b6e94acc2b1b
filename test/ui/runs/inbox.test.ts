// Which dropped files are records, and what a saved one is called.
import { describe, expect, it } from 'vitest';
import { isRecordFile, recordFileNameOf } from '../../../src/ui/runs/inbox.ts';

describe('a record as a file', () => {
  it.each(['record.json', 'wide-run.record.json', 'out/record.json', 'record (2).json', 'Record.JSON'])(
    'is known by its name: %s',
    (name) => expect(isRecordFile(name)).toBe(true),
  );

  it.each(['config.json', 'recording.txt', 'records', 'run.json', 'tokenizer.json'])(
    'is none by its name: %s',
    (name) => expect(isRecordFile(name)).toBe(false),
  );

  it.each(['4 layers × 96 on stories (60 tokens)', '../../etc/passwd', '<script>', '…', 'x'.repeat(500)])(
    'gets a name that any disk takes and that is known again: %s',
    (title) => {
      const name = recordFileNameOf(title);
      expect(name).toMatch(/^[a-z0-9-]{1,60}\.record\.json$/);
      expect(isRecordFile(name)).toBe(true);
    },
  );
});
