// The field type `geopoint`: longitude and latitude, by the device or by hand.
import {useState} from 'preact/hooks';
import {words} from '../page/language.js';
import {Frame, Icon} from './parts.jsx';

const SECONDS_TO_WAIT = 20;

// 6 decimals are about 0.1 m
const rounded = number => Math.round(number * 1e6) / 1e6;

const read = text => (text.trim() === '' || Number.isNaN(Number(text)) ? null : rounded(Number(text)));

const shown = number => (typeof number === 'number' ? number.toFixed(6) : '');

export function GeopointField(props) {
  const {domId, value, readonly, disabled, onChange, onBlur} = props;
  const [status, setStatus] = useState('');
  const [isBusy, setBusy] = useState(false);
  if (readonly) {
    return (
      <Frame {...props}>
        <span class="geopoint-value">{value ? `${shown(value.lng)}, ${shown(value.lat)}` : '—'}</span>
      </Frame>
    );
  }
  const set = (part, number) => {
    const next = {lat: value?.lat ?? null, lng: value?.lng ?? null, [part]: number};
    onChange({value: next.lat === null && next.lng === null ? null : next});
  };
  const locate = () => {
    setBusy(true);
    setStatus(words('正在定位…', 'Locating…'));
    navigator.geolocation.getCurrentPosition(({coords}) => {
      onChange({value: {lat: rounded(coords.latitude), lng: rounded(coords.longitude)}});
      setStatus(words(`定位完成，误差约 ${Math.round(coords.accuracy)} 米`, `Located within ${Math.round(coords.accuracy)} m`));
      setBusy(false);
    }, error => {
      setStatus(refusal(error));
      setBusy(false);
    }, {enableHighAccuracy: true, timeout: SECONDS_TO_WAIT * 1000, maximumAge: 0});
  };
  const input = (part, label, id) => (
    <Degrees id={id} label={label} number={value?.[part]} disabled={disabled} set={number => set(part, number)} onBlur={onBlur} />
  );
  return (
    <Frame {...props}>
      <div class="geopoint">
        {input('lng', words('经度', 'Longitude'), domId)}
        {input('lat', words('纬度', 'Latitude'), `${domId}-lat`)}
        {'geolocation' in navigator && (
          <button type="button" class="btn" disabled={disabled || isBusy} onClick={locate}>
            <Icon name="map-pin" />{words('定位', 'Locate me')}
          </button>
        )}
      </div>
      {status && <p class="geopoint-status" role="status">{status}</p>}
    </Frame>
  );
}

// while somebody types, their own characters stand there, and not the number that they make so far
function Degrees({id, label, number, disabled, set, onBlur}) {
  const [typed, setTyped] = useState(null);
  const type = event => {
    setTyped(event.target.value);
    set(read(event.target.value));
  };
  const leave = () => {
    setTyped(null);
    onBlur?.();
  };
  return (
    <label class="geopoint-part">
      <span>{label}</span>
      <input id={id} class="fjs-input" type="text" inputmode="decimal" autocomplete="off" disabled={disabled}
        value={typed ?? shown(number)} onInput={type} onBlur={leave} />
    </label>
  );
}

GeopointField.config = {
  type: 'geopoint',
  keyed: true,
  name: 'Position',
  group: 'basic-input',
  emptyValue: null,
  sanitizeValue: ({value}) => (typeof value?.lat === 'number' && typeof value?.lng === 'number' ? value : null),
  create: (options = {}) => ({...options}),
};

function refusal(error) {
  if (error.code === error.PERMISSION_DENIED) {
    return words('浏览器没有允许定位，请在浏览器设置中允许，或手工填写。', 'The browser does not allow locating. Type the position.');
  }
  return words('暂时无法定位，请到开阔处重试，或手工填写。', 'No position could be found. Try again or type it.');
}
