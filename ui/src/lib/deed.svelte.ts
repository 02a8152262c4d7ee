// Something a form or a button does at the server: whether it is under way, and why it did not succeed.

import { failureText } from './failures';

export class Deed {
  busy = $state(false);
  failure = $state('');

  // True when it succeeded. Nothing is done twice at a time.
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = '';
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = failureText(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
