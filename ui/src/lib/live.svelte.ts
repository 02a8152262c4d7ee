// Follows /api/v1/stream and tells whoever listens that a tenant has new data, or that fates of its files changed. EventSource
// reconnects by itself; where it gave up (the server refused), it is opened anew after a while.

type Topic = 'change' | 'arrivals';
type Listener = (topic: Topic | null, tenant: string) => void;

const kRetryMs = 10_000;

class Live {
  connected = $state(false);
  // Counts the changes of data seen, for the pulse in the header.
  pulses = $state(0);
  #listeners = new Set<Listener>();
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    this.stop();
    const source = new EventSource('/api/v1/stream');
    this.#source = source;
    source.addEventListener('open', () => {
      this.connected = true;
      // What changed before this moment was not announced: whoever listens has loaded, or begun to load, before it.
      this.#tell(null, '');
    });
    source.addEventListener('error', () => {
      this.connected = false;
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#timer = setTimeout(() => this.start(), kRetryMs);
    });
    for (const topic of ['change', 'arrivals'] as const) {
      source.addEventListener(topic, (event) => {
        try {
          const change = JSON.parse((event as MessageEvent<string>).data) as { tenant: string };
          if (topic === 'change') this.pulses += 1;
          this.#tell(topic, change.tenant);
        } catch {
          // A message that is no JSON announces nothing.
        }
      });
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.connected = false;
  }

  // New data. `tenant` is null to hear about all. Returns what ends it.
  listen(tenant: string | null, heard: () => void): () => void {
    return this.#add('change', tenant, heard);
  }

  // Fates of files that changed.
  listenArrivals(tenant: string | null, heard: () => void): () => void {
    return this.#add('arrivals', tenant, heard);
  }

  #add(topic: Topic, tenant: string | null, heard: () => void): () => void {
    const listener: Listener = (told, changed) => {
      if (told !== null && told !== topic) return;
      if (tenant === null || changed === '' || changed === tenant) heard();
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(topic: Topic | null, tenant: string): void {
    for (const listener of this.#listeners) listener(topic, tenant);
  }
}

export const live = new Live();
