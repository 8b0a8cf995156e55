// Requests to our own server, with the CSRF token of the page.
import {words} from './language.js';

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? '';

export class RequestFailed extends Error {
  constructor(status, answer) {
    super(answer?.message || failureWords(status));
    this.status = status;
    this.answer = answer ?? {};
  }
}

export async function request(url, {method = 'GET', body, signal, keepalive = false} = {}) {
  const headers = {Accept: 'application/json', 'X-CSRFToken': csrfToken()};
  const isFile = body instanceof Blob;
  if (body !== undefined) {
    headers['Content-Type'] = isFile ? 'application/octet-stream' : 'application/json';
  }
  const options = {method, headers, signal, keepalive, credentials: 'same-origin'};
  let response;
  try {
    response = await fetch(url, {...options, body: body === undefined || isFile ? body : JSON.stringify(body)});
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new RequestFailed(0);
  }
  const answer = await readJson(response);
  if (!response.ok) {
    throw new RequestFailed(response.status, answer);
  }
  return answer;
}

export async function requestText(url) {
  let response;
  try {
    response = await fetch(url, {credentials: 'same-origin'});
  } catch {
    throw new RequestFailed(0);
  }
  if (!response.ok) {
    throw new RequestFailed(response.status, await readJson(response));
  }
  return response.text();
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function failureWords(status) {
  if (status === 0) {
    return words('网络不通，请检查网络后重试。', 'The network is unreachable. Check it and try again.');
  }
  if (status === 401) {
    return words('登录已过期，请重新登录。', 'You are signed out. Sign in again.');
  }
  if (status === 413) {
    return words('文件太大，服务器不接收。', 'The file is larger than the server accepts.');
  }
  return words(`服务器未能完成请求(${status}),请稍后重试。`, `The server could not do this (${status}). Try again later.`);
}

export function failure(status, text) {
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = null;
  }
  return new RequestFailed(status, answer);
}
