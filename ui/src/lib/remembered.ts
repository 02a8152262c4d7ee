// Choices kept in this browser. Storage may be forbidden: then a choice lasts as long as the page.

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`powerview.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`powerview.${key}`, value);
  } catch {
    // The choice still holds for this page.
  }
}
