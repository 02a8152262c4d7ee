// A list that the server keeps, loaded again after each change to it.

export class Listing<Entry> {
  entries = $state.raw<Entry[] | null>(null);
  failure = $state.raw<unknown>(null);

  constructor(private readonly ask: () => Promise<Entry[]>) {}

  async load(): Promise<void> {
    try {
      this.entries = await this.ask();
      this.failure = null;
    } catch (error) {
      this.failure = error;
    }
  }
}
