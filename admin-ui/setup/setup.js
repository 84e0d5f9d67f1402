// The set-up page: makes the first superuser with the token of the link that the server printed.
// The token stays behind the `#`, which browsers do not send, and is never stored.

const FIELDS = ['email', 'password', 'passwordConfirm'];

const element = (id) => document.getElementById(id);

/** Shows one of the page's sections and moves the focus there. */
function show(id) {
  for (const section of document.querySelectorAll('section')) section.hidden = section.id !== id;
  element(id).querySelector('h1[tabindex], input')?.focus();
}

/** The token of the link, or nothing when the page was opened without one. */
function tokenOfLink() {
  return /^#\/pbinstall\/([^/?]+)/.exec(location.hash)?.[1];
}

/** Whether the half hour of the link is over, by its own word. */
function isOver(token) {
  try {
    const claims = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(claims)).exp * 1000 <= Date.now();
  } catch {
    return true;
  }
}

/** The section for a link that the server does not accept. */
const refused = (token) => (isOver(token) ? 'expired' : 'used');

async function request(token, path, options = {}) {
  const headers = { Authorization: token, 'Content-Type': 'application/json' };
  const response = await fetch(path, { ...options, headers });
  return { ok: response.ok, status: response.status, body: await response.json() };
}

/** Looks whether the link still works: the server tells superusers more about its health. */
async function open() {
  const token = tokenOfLink();
  if (!token) return show('home');
  try {
    const health = await request(token, '../api/health');
    const isSuperuser = Object.keys(health.body.data).length > 0;
    show(isSuperuser ? 'form' : refused(token));
  } catch {
    show('away');
  }
}

function showError(name, message) {
  element(`${name}-error`).textContent = message;
  element(name).setAttribute('aria-invalid', String(message !== ''));
}

function showFailure(message) {
  element('failure').textContent = message;
  element('failure').hidden = message === '';
}

/** What can be said without asking the server. */
function faultsOf(values) {
  const faults = {};
  if (!/^\S+@\S+$/.test(values.email)) faults.email = 'Enter an e-mail address, such as you@example.com.';
  if ([...values.password].length < 8) faults.password = 'Enter at least 8 characters.';
  if (values.passwordConfirm !== values.password) {
    faults.passwordConfirm = 'The two passwords are not the same.';
  }
  return faults;
}

/** Shows faults at their fields, and the first of them gets the focus. */
function showFaults(faults) {
  for (const name of FIELDS) showError(name, faults[name] ?? '');
  const first = FIELDS.find((name) => faults[name]);
  if (first) element(first).focus();
  return first !== undefined;
}

/** What the server found, as a text for each field. */
function faultsFromServer(body) {
  const data = Object.entries(body.data ?? {});
  return Object.fromEntries(data.map(([name, fault]) => [name, fault.message]));
}

async function submit(event) {
  event.preventDefault();
  const values = Object.fromEntries(new FormData(event.target));
  values.email = values.email.trim();
  showFailure('');
  if (showFaults(faultsOf(values))) return;
  const button = event.target.querySelector('button');
  button.disabled = true;
  try {
    await create(values);
  } catch {
    fail('The server does not answer. Is it still running?');
  } finally {
    button.disabled = false;
  }
}

async function create(values) {
  const token = tokenOfLink() ?? '';
  const path = '../api/collections/_superusers/records';
  const { ok, status, body } = await request(token, path, {
    method: 'POST',
    body: JSON.stringify(values),
  });
  if (ok) return finish(values.email);
  if (status === 401 || status === 403) return show(refused(token));
  if (!showFaults(faultsFromServer(body))) fail(body.message);
}

function fail(message) {
  showFailure(message);
  element('failure').focus();
}

function finish(email) {
  element('form').querySelector('form').reset();
  element('who').textContent = email;
  element('example').textContent =
    `const pb = new PocketBase('${location.origin}');\n` +
    `await pb.collection('_superusers')\n  .authWithPassword('${email}', password);`;
  // The link must not lie in the history as if it could be used again.
  history.replaceState(null, '', location.pathname);
  show('done');
}

element('form').querySelector('form').addEventListener('submit', submit);
window.addEventListener('hashchange', open);
open();
