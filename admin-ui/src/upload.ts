// Bodies that hold files. Only the API's client uses this; `fetch` does not tell how much was sent.

/** The form for a body that holds files, as the stock client makes it; nothing for any other body. */
export function formOf(body: unknown): FormData | undefined {
  if (typeof body !== 'object' || body === null || !Object.values(body).some(holdsFile)) return undefined;
  const form = new FormData();
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    if (!holdsFile(value)) rest[key] = value;
    else for (const part of [value].flat()) form.append(key, part instanceof Blob ? part : String(part));
  }
  // A text part `123` would arrive as a number; JSON says what it is.
  if (Object.keys(rest).length) form.append('@jsonPayload', JSON.stringify(rest));
  return form;
}

const holdsFile = (value: unknown) => [value].flat().some((part) => part instanceof Blob);

/** Sends a form and tells on the way how much of it has left. */
export function upload(
  method: string,
  address: string,
  headers: Record<string, string>,
  form: FormData,
  { onsent, signal }: { onsent?: (share: number) => void; signal?: AbortSignal },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => total > 0 && onsent?.(loaded / total);
    request.onload = () => {
      const retryAfter = request.getResponseHeader('Retry-After');
      const headers: HeadersInit = retryAfter ? { 'Retry-After': retryAfter } : {};
      resolve(new Response(request.responseText || null, { status: request.status, headers }));
    };
    request.onerror = () => reject(new TypeError('The upload broke off.'));
    request.onabort = () => reject(new DOMException('The upload was called off.', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    if (signal?.aborted) return reject(new DOMException('The upload was called off.', 'AbortError'));
    request.send(form);
  });
}
