// Forms: form-js mounted on [data-form], sent by the buttons [data-form-submit] of the page.
import {mount} from './page/mounting.js';
import {Sheet} from './form/sheet.js';

mount('[data-form]', holder => new Sheet(holder).open());
