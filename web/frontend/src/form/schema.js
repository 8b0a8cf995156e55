// Small corrections to a form's schema before it is shown.
function corrected(component) {
  const copy = {...component};
  if (copy.type === 'datetime') {
    copy.use24h ??= true;
  }
  if (Array.isArray(copy.components)) {
    copy.components = copy.components.map(corrected);
  }
  return copy;
}

export const prepared = schema => corrected(schema);
