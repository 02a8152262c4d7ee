import { describe, expect, it } from 'vitest';
import { isLoggerFileName, recognise } from '../src/lib/tree';

const found = (...paths: string[]): { path: string; file: string }[] => paths.map((path) => ({ path, file: path }));
const groupsOf = (paths: string[], campaign: string | null = null): string[] =>
  recognise(found(...paths), campaign).groups.map((group) => `${group.campaign || '?'}/${group.device || '?'}: ${group.files.length}`);

describe('the campaign and device of dropped files', () => {
  it('are the last two folders, however deep the tree begins', () => {
    expect(groupsOf(['Site A/02302/a.tsv', 'Site A/02302/b.tsv', 'Site A/02303/a.tsv'])).toEqual(['Site A/02302: 2', 'Site A/02303: 1']);
    expect(groupsOf(['acme/Site A/02302/a.tsv', 'acme/Site B/02302/a.tsv'])).toEqual(['Site A/02302: 1', 'Site B/02302: 1']);
    expect(groupsOf(['data/acme/Site A/02302/a.tsv'])).toEqual(['Site A/02302: 1']);
  });
  it('are asked for where the tree does not say', () => {
    expect(groupsOf(['02302/a.tsv'])).toEqual(['?/02302: 1']);
    expect(groupsOf(['a.tsv', 'b.tsv'])).toEqual(['?/?: 2']);
  });
  it('keep the campaign of the page', () => {
    expect(groupsOf(['Site B/02302/a.tsv', 'c.tsv'], 'Site A')).toEqual(['Site A/02302: 1', 'Site A/?: 1']);
  });
  it('look through the folder of files already read, and leave that of refused ones', () => {
    const { groups, left } = recognise(found('S/1/parsed/a.tsv', 'S/1/b.tsv', 'S/1/error/c.tsv'), null);
    expect(groups.map((group) => [group.campaign, group.device, group.files.map((file) => file.path)])).toEqual([['S', '1', ['S/1/b.tsv', 'S/1/parsed/a.tsv']]]);
    expect(left).toEqual(['S/1/error/c.tsv']);
  });
  it('leave out what no logger wrote', () => {
    expect(recognise(found('S/1/a.tsv', 'S/1/.DS_Store', 'S/1/notes.txt', 'S/1/._a.tsv', 'a.tsv.part'), null).left).toEqual(['S/1/.DS_Store', 'S/1/._a.tsv', 'S/1/notes.txt', 'a.tsv.part']);
    expect(recognise([], null)).toEqual({ groups: [], left: [] });
  });
});

describe('names of logger files', () => {
  it('end in .tsv in any case, and fit the server', () => {
    expect(['a.tsv', 'A.TSV', 'é b.Tsv'].every(isLoggerFileName)).toBe(true);
    expect(['.a.tsv', 'a.tsv.tmp', 'tsv', `${'é'.repeat(99)}.tsv`].some(isLoggerFileName)).toBe(false);
  });
});
