// What became of a file, in the words and signs of the pages.

import type { ArrivedFile, Counts, FileState } from './arrivals';

export type Fate = 'waiting' | 'again' | 'reading' | 'filing' | 'stored' | 'held' | 'rejected';

interface Sign {
  icon: 'clock' | 'refresh' | 'hourglass' | 'check' | 'pause' | 'cross';
  tone: '' | 'good' | 'warn' | 'bad';
}

// Each has a sign of its own, so that nobody needs its colour.
export const kSigns: Record<Fate, Sign> = {
  waiting: { icon: 'clock', tone: '' },
  again: { icon: 'refresh', tone: 'warn' },
  reading: { icon: 'hourglass', tone: '' },
  filing: { icon: 'hourglass', tone: 'good' },
  stored: { icon: 'check', tone: 'good' },
  held: { icon: 'pause', tone: 'warn' },
  rejected: { icon: 'cross', tone: 'bad' },
};

export function fateOf(file: Pick<ArrivedFile, 'state' | 'filed' | 'reason'>): Fate {
  switch (file.state) {
    case 'received':
      return file.reason === '' ? 'waiting' : 'again';
    case 'claimed':
    case 'parsed':
      return 'reading';
    case 'committed':
      return file.filed ? 'stored' : 'filing';
    default:
      return file.state;
  }
}

// Nothing more happens to it by itself.
export function isSettled(file: Pick<ArrivedFile, 'state' | 'filed'>): boolean {
  return file.state === 'held' || file.state === 'rejected' || (file.state === 'committed' && file.filed);
}

export type WayOut = 'retry' | 'accept' | 'reject';

// What a person can do with a file in this state.
export function waysOut(state: FileState): WayOut[] {
  if (state === 'held') return ['accept', 'retry', 'reject'];
  if (state === 'received') return ['retry', 'reject'];
  if (state === 'rejected') return ['retry'];
  return [];
}

export function waitingOf(counts: Counts): number {
  return counts.received + counts.claimed + counts.parsed;
}
