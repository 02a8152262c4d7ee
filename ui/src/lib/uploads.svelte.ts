// The files on their way from this browser to the server. They go on while one looks at other pages, and stay listed until
// somebody dismisses them.

import { ApiError, isAbort } from './api';
import { handIn, readArrival, type ArrivedFile } from './arrivals';
import { isSettled } from './fates';

export type UploadState = 'waiting' | 'sending' | 'reading' | 'done' | 'failed';

export interface Place {
  tenant: string;
  campaign: string;
  device: string;
}

// More at once would only take turns on the same line.
const kAtOnce = 3;
// A server that has too much at once says so, and when to come back.
const kBusyTries = 5;
let lastId = 0;

export class Upload {
  readonly id = ++lastId;
  state = $state<UploadState>('waiting');
  // Of its bytes, 0 to 1.
  share = $state(0);
  // Its entry at the server, once there is one.
  entry = $state.raw<ArrivedFile | null>(null);
  error = $state.raw<unknown>(null);
  readonly leaving = new AbortController();

  constructor(
    readonly place: Place,
    readonly file: File,
  ) {}
}

class Uploads {
  list = $state.raw<Upload[]>([]);
  readonly busy: boolean = $derived(this.list.some((upload) => upload.state === 'waiting' || upload.state === 'sending' || upload.state === 'reading'));

  of(tenant: string): Upload[] {
    return this.list.filter((upload) => upload.place.tenant === tenant);
  }

  add(place: Place, files: File[]): void {
    this.list = [...this.list, ...files.map((file) => new Upload(place, file))];
    this.#next();
  }

  again(upload: Upload): void {
    const fresh = new Upload(upload.place, upload.file);
    this.list = this.list.map((entry) => (entry === upload ? fresh : entry));
    this.#next();
  }

  // Takes a file off the list; one that is still on its way is stopped.
  dismiss(upload: Upload): void {
    upload.leaving.abort();
    this.list = this.list.filter((entry) => entry !== upload);
    this.#next();
  }

  dismissEnded(tenant: string): void {
    this.list = this.list.filter((upload) => upload.place.tenant !== tenant || (upload.state !== 'done' && upload.state !== 'failed'));
  }

  // Asks again for the fates that were still open when the server answered.
  async refresh(tenant: string): Promise<void> {
    for (const upload of this.of(tenant)) {
      if (!upload.entry || isSettled(upload.entry)) continue;
      try {
        upload.entry = await readArrival(tenant, upload.entry.id);
      } catch {
        // The list of files says it, too.
      }
    }
  }

  #next(): void {
    let running = this.list.filter((upload) => upload.state === 'sending' || upload.state === 'reading').length;
    for (const upload of this.list) {
      if (running >= kAtOnce) return;
      if (upload.state !== 'waiting') continue;
      running += 1;
      void this.#send(upload);
    }
  }

  async #send(upload: Upload): Promise<void> {
    upload.state = 'sending';
    try {
      upload.entry = await this.#handIn(upload);
      upload.state = 'done';
    } catch (error) {
      if (!isAbort(error)) {
        upload.error = error;
        upload.state = 'failed';
      }
    }
    this.#next();
  }

  async #handIn(upload: Upload): Promise<ArrivedFile> {
    for (let tries = 1; ; ++tries) {
      try {
        return await handIn(
          upload.place,
          upload.file,
          (share) => {
            upload.share = share;
            if (share >= 1) upload.state = 'reading';
          },
          upload.leaving.signal,
        );
      } catch (error) {
        const wait = error instanceof ApiError && error.status === 503 ? error.retryAfter : 0;
        if (wait === 0 || tries === kBusyTries || upload.leaving.signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
        upload.state = 'sending';
        upload.share = 0;
      }
    }
  }
}

export const uploads = new Uploads();
