// Starts a widget on every element that matches, now and in whatever htmx swaps in later.
const started = new WeakMap();

export function mount(selector, start) {
  const run = root => {
    for (const element of root.querySelectorAll(selector)) {
      const known = started.get(element) ?? new Set();
      if (!known.has(selector)) {
        started.set(element, known.add(selector));
        start(element);
      }
    }
  };
  run(document);
  document.addEventListener('htmx:after:swap', () => run(document));
}
