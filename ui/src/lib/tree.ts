// Which campaign and device the files of a dropped folder belong to: <campaign>/<device>/<file>, at whatever depth that begins.

export interface Found<File> {
  // As dropped, with the folders it lay in: "Site A/02302/T302_251116.tsv".
  path: string;
  file: File;
}

export interface Group<File> {
  campaign: string;
  device: string;
  files: Found<File>[];
}

export interface Recognised<File> {
  groups: Group<File>[];
  // Paths of what no logger wrote.
  left: string[];
}

// Folders that the server makes beside a device's files: what was read lies in the first, what was refused in the second.
const kParsed = 'parsed';
const kError = 'error';

export function isLoggerFileName(name: string): boolean {
  return /\.tsv$/i.test(name) && !name.startsWith('.') && new TextEncoder().encode(name).length <= 200;
}

// `campaign` is the one of the page, null where there is none: then the tree names it. Where the tree says nothing, a name is "".
export function recognise<File>(found: Found<File>[], campaign: string | null): Recognised<File> {
  const groups = new Map<string, Group<File>>();
  const left: string[] = [];
  for (const entry of [...found].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    const folders = entry.path.split('/').filter((part) => part !== '');
    const name = folders.pop() ?? '';
    if (!isLoggerFileName(name) || folders.includes(kError)) {
      left.push(entry.path);
      continue;
    }
    const named = folders.filter((folder) => folder !== kParsed);
    const device = named[named.length - 1] ?? '';
    const parent = campaign ?? named[named.length - 2] ?? '';
    const key = `${parent}/${device}`;
    const group = groups.get(key) ?? { campaign: parent, device, files: [] };
    group.files.push(entry);
    groups.set(key, group);
  }
  return { groups: [...groups.values()], left };
}
