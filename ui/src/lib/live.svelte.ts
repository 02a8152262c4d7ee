// Follows /api/v1/stream and tells whoever listens that a tenant has new data. EventSource reconnects by
// itself; where it gave up (the server refused), it is opened anew after a while.

type Listener = (tenant: string) => void;

const kRetryMs = 10_000;

class Live {
  connected = $state(false);
  // Counts the changes seen, for the pulse in the header.
  pulses = $state(0);
  #listeners = new Set<Listener>();

  start(): void {
    const source = new EventSource('/api/v1/stream');
    source.addEventListener('open', () => {
      this.connected = true;
      // What changed before this moment was not announced: whoever listens has loaded, or begun to load, before it.
      this.#tell(null);
    });
    source.addEventListener('error', () => {
      this.connected = false;
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.start(), kRetryMs);
    });
    source.addEventListener('change', (event) => {
      try {
        const change = JSON.parse((event as MessageEvent<string>).data) as { tenant: string };
        this.pulses += 1;
        this.#tell(change.tenant);
      } catch {
        // A message that is no JSON announces nothing.
      }
    });
  }

  // `tenant` is null to hear about all. Returns what ends it.
  listen(tenant: string | null, heard: () => void): () => void {
    const listener: Listener = (changed) => {
      if (tenant === null || changed === '' || changed === tenant) heard();
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(tenant: string | null): void {
    for (const listener of this.#listeners) listener(tenant ?? '');
  }
}

export const live = new Live();
