// "/" goes to the search field, Escape leaves it.
const typing = target => target.closest('input, textarea, select, [contenteditable="true"], dialog[open], .djs-container');

document.addEventListener('keydown', event => {
  const search = document.querySelector('[data-search]');
  if (!search || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
    return;
  }
  if (event.key === '/' && !typing(event.target)) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === 'Escape' && event.target === search) {
    search.blur();
  }
});
