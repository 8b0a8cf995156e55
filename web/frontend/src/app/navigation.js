// The side navigation folds to icons; cookies, so that the server draws the next page right at once.
const YEAR = 365 * 24 * 3600;

export function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax`;
}

document.addEventListener('click', event => {
  const toggle = event.target.closest('[data-nav-fold]');
  if (toggle) {
    const folded = document.documentElement.classList.toggle('nav-folded');
    toggle.setAttribute('aria-pressed', String(folded));
    remember('nav', folded ? 'folded' : 'open');
  }
});
