// Diagrams that are only looked at: [data-diagram], loaded when they come into sight.
import {mount} from './page/mounting.js';

mount('[data-diagram]', holder => {
  const watch = new IntersectionObserver(async entries => {
    if (entries.some(entry => entry.isIntersecting)) {
      watch.disconnect();
      const {Picture} = await import('./diagram/picture.js');
      new Picture(holder).open();
    }
  }, {rootMargin: '200px'});
  watch.observe(holder);
});
