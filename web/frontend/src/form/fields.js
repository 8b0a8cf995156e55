// Our own kinds of field, and what their values must look like beyond form-js's own rules.
import {words} from '../page/language.js';
import {FileField} from './files.jsx';
import {GeopointField} from './geopoint.jsx';
import {RegisterField} from './register.jsx';

class OwnFields {
  constructor(formFields) {
    for (const field of [FileField, GeopointField, RegisterField]) {
      formFields.register(field.config.type, field);
    }
  }
}
OwnFields.$inject = ['formFields'];

export const fieldsModule = {__init__: ['ownFields'], ownFields: ['type', OwnFields]};

const inside = (number, limit) => typeof number === 'number' && Math.abs(number) <= limit;

// The faults of a value of one of our own types, as words; form-js checks only whether there is one.
export function ownFaults(field, value) {
  if (field.type === 'geopoint' && value && !(inside(value.lat, 90) && inside(value.lng, 180))) {
    return [words('请填写完整的经度和纬度，如 120.155070, 30.274085。', 'Fill in both longitude and latitude.')];
  }
  return [];
}
