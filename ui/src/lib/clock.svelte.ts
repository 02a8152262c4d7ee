// The present, in Unix seconds, moved on once a minute so that "2 hours ago" stays true.

class Clock {
  now = $state(Math.floor(Date.now() / 1000));

  start(): void {
    setInterval(() => {
      this.now = Math.floor(Date.now() / 1000);
    }, 60_000);
  }
}

export const clock = new Clock();
