// Sends one file and reports its progress, which fetch cannot.
import {csrfToken, failure} from '../page/requests.js';

export function upload(url, file, onShare) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open('POST', url);
    sending.setRequestHeader('Accept', 'application/json');
    sending.setRequestHeader('X-CSRFToken', csrfToken());
    sending.upload.addEventListener('progress', event => event.lengthComputable && onShare(event.loaded / event.total));
    sending.addEventListener('load', () => {
      if (sending.status === 201) {
        resolve(JSON.parse(sending.responseText));
      } else {
        reject(failure(sending.status, sending.responseText));
      }
    });
    sending.addEventListener('error', () => reject(failure(0, '')));
    const body = new FormData();
    body.append('file', file);
    sending.send(body);
  });
}
