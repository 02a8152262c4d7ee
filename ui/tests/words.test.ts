import { describe, expect, it } from 'vitest';
import { deedText, detailText, whoText } from '../src/lib/deeds';
import { ownWords } from '../src/lib/reasons';

describe('the words of the server', () => {
  it('lose the names that stand beside them, and nothing else', () => {
    expect(ownWords('a.tsv: no_header: expected titles', 'a.tsv', 'no_header')).toBe('expected titles');
    expect(ownWords('expected titles: none', 'a.tsv', 'no_header')).toBe('expected titles: none');
    expect(ownWords('a.tsv: gone', 'a.tsv', '')).toBe('gone');
  });

  it('of the trail are sentences, and those that are not known stay as they are', () => {
    expect(deedText('user.create')).toBe('User added');
    expect(deedText('user.paint')).toBe('user.paint');
    expect(deedText('toString')).toBe('toString');
    expect(whoText('command line (root)')).toBe('command line (root)');
    expect(whoText('anna')).toBe('anna');
    expect(detailText('user.role', 'viewer to owner', 'en-GB')).toBe('Viewer → Owner');
    expect(detailText('sftp.key.add', 'ssh-ed25519 SHA256:x', 'en-GB')).toBe('ssh-ed25519 SHA256:x');
    expect(detailText('settings.change', 'quota 2000000000 bytes', 'en-GB')).toBe('quota 2 GB');
  });
});
