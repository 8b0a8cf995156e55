// What was typed is never lost: every change is kept on this device and, 1.5 s later, on the server.
import {clockTime, words} from '../page/language.js';
import {request} from '../page/requests.js';

const PAUSE_MS = 1500;
const DAYS_KEPT = 30;

export class Draft {
  constructor({key, url, savedAt, read, tell}) {
    Object.assign(this, {key: key && `draft:${key}`, url, savedAt, read, tell});
    this.timer = null;
    this.changed = false;
    this.isSaving = false;
    this.isOver = false;
    window.addEventListener('pagehide', () => this.leave());
    sweep();
  }

  // the copy on this device, when it is newer than the server's draft
  recovered() {
    const copy = this.key && JSON.parse(localStorage.getItem(this.key) ?? 'null');
    return copy && (!this.savedAt || copy.at > Date.parse(this.savedAt)) ? copy : null;
  }

  keep() {
    if (this.isOver) {
      return;
    }
    this.changed = true;
    this.keepHere();
    this.saveSoon();
  }

  saveSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  keepHere() {
    if (!this.key) {
      return;
    }
    try {
      localStorage.setItem(this.key, JSON.stringify({at: Date.now(), data: this.read()}));
    } catch {
      // private windows and full disks keep nothing; the server's draft remains
    }
  }

  async save() {
    if (!this.changed || this.isOver) {
      return;
    }
    if (this.isSaving) {
      this.saveSoon(); // what was typed earlier must not arrive later
      return;
    }
    const here = words(`已暂存在本机 ${clockTime()}`, `Kept on this device ${clockTime()}`);
    this.changed = false;
    if (!this.url) {
      this.tell(here);
      return;
    }
    this.isSaving = true;
    try {
      await request(this.url, {method: 'PUT', body: {data: this.read()}});
      this.tell(words(`已保存草稿 ${clockTime()}`, `Draft saved ${clockTime()}`));
    } catch (error) {
      this.changed = true;
      this.tell(`${here} · ${words('草稿未能保存到服务器', 'the server did not take the draft')}: ${error.message}`);
    } finally {
      this.isSaving = false;
    }
  }

  // a request that is under way ends with the page
  leave() {
    if ((this.changed || this.isSaving) && this.url && !this.isOver) {
      request(this.url, {method: 'PUT', body: {data: this.read()}, keepalive: true}).catch(() => {});
    }
  }

  // after the form was sent, or its draft thrown away
  end() {
    this.isOver = true;
    clearTimeout(this.timer);
    this.forget();
  }

  forget() {
    if (this.key) {
      localStorage.removeItem(this.key);
    }
  }
}

function sweep() {
  const oldest = Date.now() - DAYS_KEPT * 24 * 3600 * 1000;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith('draft:') && !(JSON.parse(localStorage.getItem(key))?.at > oldest)) {
      localStorage.removeItem(key);
    }
  }
}
