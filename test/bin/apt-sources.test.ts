// Reading apt's source lists: both formats, comments, keys, and lists that do not have the release.
import { describe, expect, it } from 'vitest';
import { findReleaseSource, formatSource } from '../../bin/apt-sources.js';

const paragraphs = `# the archive
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
# a comment inside
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

const lines = `# deb http://off.example/debian bookworm main
deb-src http://sources.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/etc/key.gpg] http://mirror.example/debian bookworm main contrib # archive
`;

describe('findReleaseSource', () => {
  it('finds the release among deb822 paragraphs', () => {
    expect(findReleaseSource([paragraphs], 'bookworm')).toEqual({
      uri: 'http://mirror.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      signedBy: '/usr/share/keyrings/debian.gpg',
    });
  });

  it('finds the release among one-line entries', () => {
    const source = findReleaseSource(['', lines], 'bookworm');
    expect(source?.uri).toBe('http://mirror.example/debian');
    expect(source?.signedBy).toBe('/etc/key.gpg');
  });

  it('keeps a key that is written into the list', () => {
    const inline =
      'Types: deb\nURIs: http://a\nSuites: trixie\nComponents: main\nSigned-By:\n KEY\n .\n BLOCK\n';
    const source = findReleaseSource([inline], 'trixie');
    expect(source && formatSource(source, 'trixie-backports')).toContain('Signed-By: KEY\n .\n BLOCK\n');
  });

  it('passes over a disabled paragraph and a release that is not there', () => {
    expect(findReleaseSource([`Enabled: no\n${paragraphs.slice(14)}`], 'bookworm')).toBeUndefined();
    expect(findReleaseSource([paragraphs, lines], 'trixie')).toBeUndefined();
  });
});

describe('formatSource', () => {
  it('writes a paragraph for another suite of the same archive', () => {
    const source = findReleaseSource([paragraphs], 'bookworm');
    expect(source && formatSource(source, 'bookworm-backports')).toBe(
      'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n' +
        'Signed-By: /usr/share/keyrings/debian.gpg\n',
    );
  });
});
