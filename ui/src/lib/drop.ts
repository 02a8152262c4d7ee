// Files and whole folders out of a drop or a file chooser.

import type { Found } from './tree';

async function below(entry: FileSystemEntry, path: string, into: Found<File>[]): Promise<void> {
  const name = path === '' ? entry.name : `${path}/${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    into.push({ path: name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A call gives at most a hundred entries of a folder; none are left when it gives none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const child of some) await below(child, name, into);
  }
}

// Must be called while the drop's event is handled: what it carries is gone afterwards.
export async function filesDropped(transfer: DataTransfer): Promise<Found<File>[]> {
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const plain = [...transfer.files];
  const found: Found<File>[] = [];
  if (entries.some((entry) => entry !== null)) {
    for (const entry of entries) if (entry) await below(entry, '', found);
  } else {
    for (const file of plain) found.push({ path: file.name, file });
  }
  return found;
}

export function filesChosen(list: FileList): Found<File>[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
