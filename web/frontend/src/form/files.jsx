// The field type `filepicker`: each file goes to the server when it is chosen; the form keeps a list of what is there.
import {useEffect, useRef, useState} from 'preact/hooks';
import {fileSize, words} from '../page/language.js';
import {Frame, Icon, useConfig} from './parts.jsx';
import {upload} from './upload.js';

const isTrue = flag => flag === true || flag === '=true';
const isImage = file => file.content_type?.startsWith('image/');
const kept = ({id, name, size, content_type, url}) => ({id, name, size, content_type, url});

export function FileField(props) {
  const {field, domId, value, readonly, disabled, onChange} = props;
  const files = Array.isArray(value) ? value : [];
  const takesMany = isTrue(field.multiple);
  const set = list => onChange({value: list.length ? list : null});
  const {pending, add, send, drop} = useUploads(files, takesMany, set);
  const isFixed = readonly || disabled;
  return (
    <Frame {...props}>
      <ul class="files">
        {files.map(file => <Stored key={file.id} file={file} group={domId} isFixed={isFixed} remove={() => set(files.filter(each => each.id !== file.id))} />)}
        {pending.map(item => <Pending key={item.key} item={item} again={() => send(item)} cancel={() => drop(item)} />)}
      </ul>
      {isFixed && !files.length && <span class="no-value">—</span>}
      {!isFixed && <Chooser field={field} domId={domId} takesMany={takesMany} add={add} />}
    </Frame>
  );
}

FileField.config = {
  type: 'filepicker',
  keyed: true,
  name: 'Files',
  group: 'basic-input',
  emptyValue: null,
  sanitizeValue: ({value}) => (Array.isArray(value) && value.length ? value : null),
  create: (options = {}) => ({...options}),
};

// the files on their way; several may arrive at once, so what is there is read when each arrives
function useUploads(files, takesMany, set) {
  const {url} = useConfig('uploads');
  const latest = useRef(files);
  latest.current = files;
  const [pending, setPending] = useState([]);
  const change = (item, facts) => setPending(list => list.map(each => (each.key === item.key ? {...each, ...facts} : each)));
  const drop = item => setPending(list => list.filter(each => each.key !== item.key));
  const send = async item => {
    change(item, {problem: '', share: 0});
    try {
      const stored = kept(await upload(url, item.file, share => change(item, {share})));
      latest.current = takesMany ? [...latest.current, stored] : [stored];
      set(latest.current);
      drop(item);
    } catch (error) {
      change(item, {problem: error.message});
    }
  };
  const add = chosen => {
    const items = [...chosen].slice(0, takesMany ? undefined : 1).map(file => ({key: Symbol(file.name), file, share: 0, problem: ''}));
    setPending(list => [...list, ...items]);
    items.forEach(send);
  };
  return {pending, add, send, drop};
}

function Stored({file, group, isFixed, remove}) {
  return (
    <li class="sent-file">
      <a href={file.url} title={file.name} target={isImage(file) ? undefined : '_blank'} rel="noopener" {...(isImage(file) ? {'data-photo': group} : {})}>
        {isImage(file) ? <img src={file.url} alt={file.name} loading="lazy" /> : <Icon name="file-text" />}
        <span class="file-name">{file.name}</span>
      </a>
      <span class="file-size">{fileSize(file.size)}</span>
      {!isFixed && (
        <button type="button" class="file-remove" aria-label={words(`移除 ${file.name}`, `Remove ${file.name}`)} onClick={remove}>
          <Icon name="x" />
        </button>
      )}
    </li>
  );
}

function Pending({item, again, cancel}) {
  const preview = usePreview(item.file);
  return (
    <li class="sent-file" data-uploading={item.problem ? undefined : ''}>
      {preview ? <img src={preview} alt="" /> : <Icon name="file-text" />}
      <span class="file-name">{item.file.name}</span>
      {item.problem ? (
        <span class="file-problem" role="alert">
          {item.problem} <button type="button" class="btn btn-sm" onClick={again}>{words('重传', 'Try again')}</button>
        </span>
      ) : (
        <progress max="1" value={item.share} aria-label={words('上传进度', 'Upload')}>{Math.round(item.share * 100)}%</progress>
      )}
      {item.problem && (
        <button type="button" class="file-remove" aria-label={words('取消', 'Cancel')} onClick={cancel}><Icon name="x" /></button>
      )}
    </li>
  );
}

// a data address: the page's rules allow no blob addresses for pictures
function usePreview(file) {
  const [address, setAddress] = useState('');
  useEffect(() => {
    if (!file.type.startsWith('image/')) {
      return;
    }
    const reader = new FileReader();
    reader.onload = () => setAddress(reader.result);
    reader.readAsDataURL(file);
  }, [file]);
  return address;
}

function Chooser({field, domId, takesMany, add}) {
  const all = useRef(null);
  const camera = useRef(null);
  const kinds = (field.accept ?? '').split(',').map(kind => kind.trim());
  const takesPhotos = kinds.some(kind => kind.startsWith('image/'));
  const takesOnlyPhotos = kinds.every(kind => kind.startsWith('image/'));
  const hasTouch = matchMedia('(pointer: coarse)').matches;
  const take = event => {
    add(event.target.files);
    event.target.value = '';
  };
  const receive = event => {
    event.preventDefault();
    add(event.dataTransfer.files);
  };
  return (
    <div class="file-chooser" onDragOver={event => event.preventDefault()} onDrop={receive}>
      <input ref={all} type="file" class="visually-hidden" tabIndex={-1} aria-hidden="true" multiple={takesMany} accept={field.accept || undefined} onChange={take} />
      {takesPhotos && hasTouch && (
        <>
          <input ref={camera} type="file" class="visually-hidden" tabIndex={-1} aria-hidden="true" accept="image/*" capture="environment" onChange={take} />
          <button type="button" class="btn" onClick={() => camera.current.click()}><Icon name="camera" />{words('拍照', 'Take a photo')}</button>
        </>
      )}
      <button type="button" id={domId} class="btn" onClick={() => all.current.click()}>
        <Icon name="upload" />{takesOnlyPhotos ? words('选择照片', 'Choose photos') : words('选择文件', 'Choose files')}
      </button>
      {!hasTouch && <span class="quiet">{words('或把文件拖到这里', 'or drop files here')}</span>}
    </div>
  );
}
