// Builds elements from text and attributes; text is always text, never markup.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      node.addEventListener(name, value);
    } else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? '' : value);
    }
  }
  node.append(...children.filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

// The page names the sprite once: <meta name="icons" content="{{ asset('icons.svg') }}">.
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const use = document.createElementNS(space, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', iconAddress(name));
  svg.append(use);
  return svg;
}

export const iconAddress = name => `${document.querySelector('meta[name="icons"]')?.content ?? ''}#${name}`;

export function jsonOf(selector) {
  const holder = selector && document.querySelector(selector);
  return holder?.textContent.trim() ? JSON.parse(holder.textContent) : null;
}
