// Who asks Sluice how it is, again and again: one request at a time.

const pace = 1000, slowPace = 10000; // slowPace: nobody looks at the tab
const pauses = [1000, 2000, 3000, 5000]; // after failures
const patience = 4000; // until the answer begins
const longPatience = 20000; // until all of it is there: a phone may be slow, and the status long
const kept = 'sluice.token';

// Feed asks and tells: told.status(status), told.failed(failure), told.locked(wrong).
export class Feed {
  constructor(told, missing) {
    this.told = told;
    this.missing = missing; // how many seconds to ask for
    this.failures = 0;
    this.since = null; // when it began to fail
    this.token = null;
    this.timer = 0;
    this.asking = false;
    this.locked = false; // a token has to come first
    try { this.token = sessionStorage.getItem(kept); } catch { /* it is asked for */ }
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.ask(); });
    addEventListener('online', () => this.ask());
  }

  // unlock tries a token.
  unlock(token) {
    this.token = token;
    this.locked = false;
    try { sessionStorage.setItem(kept, token); } catch { /* it holds until the page is loaded anew */ }
    this.ask();
  }

  // ask asks at once, and from then on at the pace.
  async ask() {
    clearTimeout(this.timer);
    if (this.asking || this.locked) return;
    this.asking = true;
    const began = performance.now(); // which goes on evenly when the clock is set
    let again = pace;
    try {
      again = await this.once(began);
    } finally { // it goes on even if what came could not be shown
      this.asking = false;
      clearTimeout(this.timer);
      if (!this.locked) this.timer = setTimeout(() => this.ask(), Math.max(0, again - (performance.now() - began)));
    }
  }

  // once asks, tells what came, and returns how long after its beginning to ask
  // again.
  async once(began) {
    const gone = new AbortController();
    let timer = setTimeout(() => gone.abort(), patience), status = null;
    try {
      const fields = { Accept: 'application/json' };
      if (this.token) fields.Authorization = 'Bearer ' + this.token;
      const answer = await fetch('status?seconds=' + this.missing(), {
        headers: fields, signal: gone.signal, cache: 'no-store', credentials: 'same-origin', redirect: 'error',
      });
      clearTimeout(timer);
      timer = setTimeout(() => gone.abort(), longPatience);
      if (answer.status === 401 && /^bearer/i.test(answer.headers.get('WWW-Authenticate') ?? '')) {
        const wrong = !!this.token;
        this.token = null;
        this.locked = true;
        try { sessionStorage.removeItem(kept); } catch { /* none is kept */ }
        this.told.locked(wrong);
        return 0;
      }
      if (!answer.ok) throw new Said(answer.status, (await answer.text()).trim().slice(0, 200));
      status = await answer.json();
      if (!status || typeof status !== 'object') throw new Said(answer.status, '');
      this.failures = 0;
      this.since = null;
    } catch (err) {
      this.since ??= new Date(Date.now() - (performance.now() - began));
      this.told.failed({ since: this.since, said: err instanceof Said ? err : null });
      return pauses[Math.min(this.failures++, pauses.length - 1)] + (performance.now() - began);
    } finally {
      clearTimeout(timer);
    }
    this.told.status(status);
    return document.hidden ? slowPace : pace;
  }
}

// Said is an answer that is not what was asked for.
class Said extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
    this.text = text;
  }
}
