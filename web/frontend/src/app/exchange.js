// htmx: the CSRF header on every request, words when the network fails.
import 'htmx.org/dist/htmx.esm.js';
import {csrfToken} from '../page/requests.js';
import {words} from '../page/language.js';
import {flash} from './flashes.js';

document.addEventListener('htmx:config:request', event => {
  event.detail.ctx.request.headers['X-CSRFToken'] = csrfToken();
});

document.addEventListener('htmx:error', () => {
  flash('danger', words('网络不通，请检查网络后重试。', 'The network is unreachable. Check it and try again.'));
});
