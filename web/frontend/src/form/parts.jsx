// What our own fields share: a frame with label, help and errors, and the services of their form.
import {Description, Errors, FormContext, Label} from '@bpmn-io/form-js-viewer';
import {useContext} from 'preact/hooks';
import {iconAddress} from '../page/elements.js';

export const useForm = () => useContext(FormContext).getService('form');

export const useConfig = name => useContext(FormContext).getService(`config.${name}`, false) ?? {};

export function Frame({field, domId, errors = [], disabled, readonly, children}) {
  const states = [errors.length && 'fjs-has-errors', disabled && 'fjs-disabled', readonly && 'fjs-readonly'];
  return (
    <div class={['fjs-form-field', `fjs-form-field-${field.type}`, ...states.filter(Boolean)].join(' ')}>
      <Label htmlFor={domId} label={field.label} required={field.validate?.required} />
      {children}
      <Description id={`${domId}-description`} description={field.description} />
      <Errors id={`${domId}-error-message`} errors={errors} />
    </div>
  );
}

export function Icon({name}) {
  return (
    <svg class="icon" aria-hidden="true">
      <use href={iconAddress(name)} />
    </svg>
  );
}
