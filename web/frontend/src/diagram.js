// Diagrams that are only looked at: [data-diagram], loaded when they come into sight.
import {mount} from './page/mounting.js';

mount('[data-diagram]', holder => {
  const watch = new IntersectionObserver(async entries => {
    if (entries.some(entry => entry.isIntersecting)) {
      watch.disconnect();
      if (holder.dataset.changes) {
        const {Changes} = await import('./diagram/changes.js');
        new Changes(holder).open();
      } else {
        const {Picture} = await import('./diagram/picture.js');
        new Picture(holder).open();
      }
    }
  }, {rootMargin: '200px'});
  watch.observe(holder);
});
