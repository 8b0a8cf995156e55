// The page's language: Chinese unless <html lang> says otherwise.
export const chinese = () => (document.documentElement.lang || 'zh').startsWith('zh');

export const words = (inChinese, inEnglish) => (chinese() ? inChinese : inEnglish);

export function clockTime(date = new Date()) {
  return date.toLocaleTimeString('sv-SE', {hour: '2-digit', minute: '2-digit'});
}

export function fileSize(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
