// Who is signed in. The cookie that says so is out of reach of scripts: the server is asked.

import { ApiError, whenSignedOut } from './api';
import { live } from './live.svelte';
import { askSession, beginSession, endSession, type Me } from './people';

class Session {
  user = $state.raw<Me | null>(null);
  // Whether the server has answered who this is.
  known = $state(false);
  // Somebody was signed in here, and the server ended it.
  ended = $state(false);
  failure = $state.raw<unknown>(null);

  start(): void {
    whenSignedOut(() => {
      if (this.user) this.ended = true;
      this.#is(null);
    });
    void this.refresh();
  }

  async refresh(): Promise<void> {
    this.failure = null;
    try {
      this.#is(await askSession());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#is(null);
      else this.failure = error;
    }
  }

  async signIn(user: string, password: string, code: string): Promise<void> {
    this.#is(await beginSession(user, password, code));
    this.ended = false;
  }

  async signOut(): Promise<void> {
    await endSession();
    this.ended = false;
    this.#is(null);
  }

  #is(user: Me | null): void {
    const other = user?.name !== this.user?.name || user?.must_change_password !== this.user?.must_change_password;
    this.user = user;
    this.known = true;
    if (!other) return;
    if (user && !user.must_change_password) live.start();
    else live.stop();
  }
}

export const session = new Session();
