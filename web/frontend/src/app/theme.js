// Light and dark: [data-theme-toggle] switches, the cookie "theme" lets the server draw <html data-bs-theme>.
import {remember} from './navigation.js';

document.addEventListener('click', event => {
  if (event.target.closest('[data-theme-toggle]')) {
    const root = document.documentElement;
    const theme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
    root.dataset.bsTheme = theme;
    remember('theme', theme);
  }
});
