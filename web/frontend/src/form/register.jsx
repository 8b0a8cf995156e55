// The field type `register`: search an official register and keep the code of what was found.
import {useEffect, useRef, useState} from 'preact/hooks';
import {words} from '../page/language.js';
import {Entries} from './entries.js';
import {Frame, Icon, useForm} from './parts.jsx';

const TYPING_PAUSE_MS = 200;

export function RegisterField(props) {
  const {field, domId, value, readonly, disabled, onChange, onBlur, fieldInstance} = props;
  const form = useForm();
  const entries = useEntries(field, form);
  const codes = field.multiple ? value ?? [] : value ? [value] : [];
  const titles = useTitles(entries, codes);
  const isFixed = readonly || disabled;

  const pick = entry => {
    entries.remember(entry);
    if (field.multiple) {
      onChange({value: codes.includes(entry.code) ? codes : [...codes, entry.code]});
    } else {
      onChange({value: entry.code});
    }
    fillOthers(form, field, fieldInstance, entry);
  };
  const remove = code => {
    const rest = codes.filter(each => each !== code);
    onChange({value: field.multiple && rest.length ? rest : null});
  };

  return (
    <Frame {...props}>
      <div class="register">
        <Chosen codes={codes} titles={titles} isFixed={isFixed} remove={remove} />
        {!isFixed && (field.multiple || !codes.length) && (
          <Search domId={domId} entries={entries} chosen={codes} pick={pick} onBlur={onBlur} />
        )}
        {isFixed && !codes.length && <span class="no-value">—</span>}
      </div>
    </Frame>
  );
}

RegisterField.config = {
  type: 'register',
  keyed: true,
  name: 'Register entry',
  group: 'selection',
  emptyValue: null,
  sanitizeValue: ({formField, value}) => {
    if (formField.multiple) {
      return Array.isArray(value) ? value : value ? [value] : null;
    }
    return typeof value === 'string' && value ? value : null;
  },
  create: (options = {}) => ({...options}),
};

function useEntries(field, form) {
  const known = useRef(null);
  known.current ??= new Entries(field.register, () => {
    const day = field.on ?? field.properties?.on;
    return day ? form._getState().data?.[day] : null;
  });
  return known.current;
}

function useTitles(entries, codes) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const unknown = codes.filter(code => !entries.title(code));
    if (unknown.length) {
      Promise.all(unknown.map(code => entries.find(code))).then(() => redraw(count => count + 1));
    }
  }, [codes.join('\n')]);
  return code => entries.title(code);
}

function Chosen({codes, titles, isFixed, remove}) {
  return codes.map(code => (
    <span class="register-chip" key={code}>
      <span class="register-code">{code}</span> {titles(code)}
      {!isFixed && (
        <button type="button" aria-label={words(`移除 ${code}`, `Remove ${code}`)} onClick={() => remove(code)}>
          <Icon name="x" />
        </button>
      )}
    </span>
  ));
}

const NOTHING = {found: null, active: 0, isSearching: false, problem: ''};

// what was found for the words typed (null while nothing was asked) and which of it is chosen next: both change at once
function useSearch(entries, chosen) {
  const [state, setState] = useState(NOTHING);
  const timer = useRef(null);
  const turn = useRef(0);
  const begin = () => {
    clearTimeout(timer.current);
    return (turn.current += 1);
  };
  const close = () => {
    begin();
    setState(NOTHING);
  };
  const ask = async text => {
    const mine = begin();
    const settle = facts => mine === turn.current && setState({...NOTHING, ...facts});
    try {
      const items = await entries.search(text);
      settle({found: items.filter(item => !chosen.includes(item.code))});
    } catch (error) {
      settle({problem: error.message});
    }
  };
  // what was found for other words must not be chosen by a quick Enter
  const askSoon = text => {
    begin();
    setState({...NOTHING, isSearching: true});
    timer.current = setTimeout(() => ask(text), TYPING_PAUSE_MS);
  };
  const move = step => setState(({found, active, ...rest}) => (
    {...rest, found, active: (active + step + found.length) % Math.max(found.length, 1)}
  ));
  return {...state, ask, askSoon, close, move};
}

function Search({domId, entries, chosen, pick, onBlur}) {
  const [text, setText] = useState('');
  const {found, active, isSearching, problem, ask, askSoon, close, move} = useSearch(entries, chosen);
  const choose = entry => {
    close();
    setText('');
    pick(entry);
  };
  const step = by => (found ? move(by) : ask(text));
  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => found?.[active] && choose(found[active]),
    Escape: found && close,
  };
  const press = event => {
    if (!event.isComposing && keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  };
  const type = event => {
    setText(event.target.value);
    askSoon(event.target.value);
  };
  return (
    <div class="register-search">
      <Icon name="search" />
      <input id={domId} class="fjs-input" type="text" role="combobox" autocomplete="off" value={text}
        placeholder={words('输入编号或文字查找', 'Type a code or words')}
        aria-expanded={String(Boolean(found))} aria-controls={`${domId}-list`} aria-autocomplete="list"
        aria-activedescendant={found?.length ? `${domId}-option-${active}` : undefined}
        aria-describedby={`${domId}-description ${domId}-error-message`}
        onInput={type} onKeyDown={press} onFocus={() => ask(text)} onBlur={() => { close(); onBlur?.(); }} />
      {isSearching && <Waiting />}
      {found && <Options domId={domId} found={found} active={active} choose={choose} />}
      {problem && <p class="register-problem" role="alert">{problem}</p>}
    </div>
  );
}

function Waiting() {
  return <ul class="register-options" role="status"><li class="register-none">{words('正在查找…', 'Searching…')}</li></ul>;
}

function Options({domId, found, active, choose}) {
  useEffect(() => {
    document.getElementById(`${domId}-option-${active}`)?.scrollIntoView({block: 'nearest'});
  }, [active]);
  return (
    <ul id={`${domId}-list`} class="register-options" role="listbox">
      {found.map((entry, index) => (
        <li key={entry.code} id={`${domId}-option-${index}`} role="option" aria-selected={String(index === active)}
          onMouseDown={event => { event.preventDefault(); choose(entry); }}>
          <span class="register-code">{entry.code}</span> {entry.title}
          {entry.detail && <small>{entry.detail}</small>}
        </li>
      ))}
      {!found.length && <li class="register-none">{words('没有相符的条目', 'Nothing found')}</li>}
    </ul>
  );
}

// Picking an entry may fill other fields of the same group: {"otherKey": "attributeOfEntry"}.
function fillOthers(form, field, instance, entry) {
  const given = field.fills ?? field.properties?.fills;
  const fills = typeof given === 'string' ? JSON.parse(given) : given ?? {};
  const beside = instance.valuePath.slice(0, -field.key.split('.').length);
  for (const [key, attribute] of Object.entries(fills)) {
    const value = entry.data?.[attribute] ?? entry[attribute];
    const path = [...beside, ...key.split('.')].join('.');
    const other = form.get('formFieldInstanceRegistry').getAllKeyed().find(each => each.valuePath.join('.') === path);
    if (other && value !== undefined) {
      form._update({fieldInstance: other, value});
    }
  }
}
