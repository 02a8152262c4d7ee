// A password to be typed into a logger or a program: letters and digits that are not taken for one another, about 140 bits.

const kSigns = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const kLength = 24;

export function randomPassword(): string {
  let text = '';
  while (text.length < kLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(kLength))) {
      // Above the last whole round of the signs, the first of them would come more often.
      if (byte < Math.floor(256 / kSigns.length) * kSigns.length && text.length < kLength) text += kSigns[byte % kSigns.length];
    }
  }
  return text;
}
