// What a form takes before it asks the server, so that a slip is said beside its field. The server checks again.

const encoder = new TextEncoder();

// Names of companies, campaigns and devices: they become folders.
export function isFolderName(text: string): boolean {
  const size = encoder.encode(text).length;
  return size >= 1 && size <= 128 && !/[/\\\u0000-\u001f\u007f]/.test(text) && !text.startsWith('.') && text === text.trim();
}

export function isUserName(text: string): boolean {
  return /^[a-z0-9._@-]{1,64}$/.test(text);
}

export function isSftpName(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text);
}

export const kShortestPassword = 10;
const kLongestPassword = 256;

export function isPassword(text: string, owner: string): boolean {
  const size = encoder.encode(text).length;
  return size >= kShortestPassword && size <= kLongestPassword && text.toLowerCase() !== owner.toLowerCase();
}

export function isCode(text: string): boolean {
  return /^\d{6}$/.test(codeOf(text));
}

// People copy a code with the space their telephone shows in it.
export function codeOf(text: string): string {
  return text.replace(/\s/g, '');
}

// One line of an authorized_keys file, or of a .pub file. Options before the key's type are not taken.
export function isPublicKey(text: string): boolean {
  return /^(ssh-(ed25519|rsa|dss)|rsa-sha2-(256|512)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) +[A-Za-z0-9+/]+={0,3}( .*)?$/.test(text.trim());
}

export function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

// A whole number of seconds up to a day; undefined where the text is none, null where it is empty.
export function stepOf(text: string): number | null | undefined {
  const bare = text.trim();
  if (bare === '') return null;
  if (!/^\d{1,5}$/.test(bare)) return undefined;
  const seconds = Number(bare);
  return seconds >= 1 && seconds <= 86_400 ? seconds : undefined;
}

const kGigabyte = 1e9;

// Gigabytes as people write them ("2.5", "2,5") in bytes.
export function quotaOf(text: string): number | null | undefined {
  const bare = text.trim().replace(',', '.');
  if (bare === '') return null;
  if (!/^\d{1,7}(\.\d{1,9})?$/.test(bare)) return undefined;
  return Math.round(Number(bare) * kGigabyte);
}

export function quotaText(bytes: number | null): string {
  return bytes === null ? '' : String(bytes / kGigabyte);
}
