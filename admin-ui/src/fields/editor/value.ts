import { oneLine } from '../value';

export const blank = () => '';

/**
 * The words of stored HTML. Parsed with DOMParser: its document has no browsing context, so it
 * runs no script and loads no image, whatever the text holds.
 */
export function summary(value: unknown): string {
  const html = String(value ?? '').slice(0, 4000);
  if (!/[<&]/.test(html)) return oneLine(html);
  const parsed = new DOMParser().parseFromString(html.replace(/<(?=\/?(p|div|li|h\d|br|tr|td)\b)/gi, ' <'), 'text/html');
  for (const node of parsed.querySelectorAll('script, style, template')) node.remove();
  return oneLine(parsed.body.textContent ?? '');
}

/**
 * The document of the preview. The frame is sandboxed without any permission and inherits the
 * dashboard's policy; this one forbids the rest, so that a preview never tells a stranger's
 * server that somebody looked.
 */
export function previewDocument(html: string): string {
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:">${html}`;
}
