// Asks the server for entries of one register and remembers the titles of those it saw.
import {request} from '../page/requests.js';

const LIMIT = 20;

export class Entries {
  constructor(register, day) {
    this.register = register;
    this.day = day;
    this.seen = new Map();
  }

  remember(entry) {
    this.seen.set(entry.code, entry.title);
  }

  title(code) {
    return this.seen.get(code) ?? '';
  }

  async search(text) {
    const query = new URLSearchParams({q: text, on: this.day() || today(), limit: LIMIT});
    const {items} = await request(`/api/registers/${encodeURIComponent(this.register)}/entries?${query}`);
    items.forEach(item => this.remember(item));
    return items;
  }

  // a code whose title cannot be had is shown alone
  async find(code) {
    await this.search(code).catch(() => []);
  }
}

function today() {
  return new Date().toLocaleDateString('sv-SE', {timeZone: 'Asia/Shanghai'});
}
