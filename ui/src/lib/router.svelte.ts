// The page shown, kept in the browser's history. Links are plain <a href>; clicks on them are caught here.

import { parsePath, type Route } from './routes';

class Router {
  path = $state('/');
  search = $state('');
  readonly route: Route = $derived(parsePath(this.path));

  start(): void {
    this.#read();
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = (event.target as Element | null)?.closest('a');
      if (!link || link.origin !== location.origin || link.hasAttribute('download') || link.target) return;
      if (link.pathname.startsWith('/api/') || (link.hash !== '' && link.pathname === location.pathname)) return;
      event.preventDefault();
      this.go(link.pathname + link.search);
    });
  }

  go(address: string): void {
    history.pushState(null, '', address);
    this.#read();
    scrollTo(0, 0);
  }

  // As go(), but the page shown now is not one to come back to.
  replace(address: string): void {
    history.replaceState(null, '', address);
    this.#read();
  }

  // Changes the query of the page shown without a step in the history.
  replaceSearch(search: string): void {
    if (search === location.search) return;
    history.replaceState(null, '', location.pathname + search);
    this.search = search;
  }

  #read(): void {
    this.path = location.pathname;
    this.search = location.search;
  }
}

export const router = new Router();
