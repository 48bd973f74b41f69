/* The API of this very host.
 *
 * In:  a path below `api/`, the token of this tab.
 * Out: responses that are good, or `Refused` with the status and the detail that was answered.
 */

import { ROOT } from "./address.js";

const KEY = "codes.token";

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  get isAccess() {
    return this.status === 401 || this.status === 403;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  keep: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

export async function ask(path, { headers = {}, ...more } = {}) {
  const kept = token.get();
  const bearer = kept ? { Authorization: `Bearer ${kept}` } : {};
  const options = { ...more, headers: { ...headers, ...bearer }, cache: "no-store" };
  const response = await fetch(new URL(`api/${path}`, ROOT), options);
  if (!response.ok) throw new Refused(response.status, await detailOf(response));
  return response;
}

/* A POST of JSON; the answer is not needed, as the live stream has it. */
export async function tell(path, content) {
  const kept = token.get();
  const headers = { "Content-Type": "application/json", ...(kept ? { Authorization: `Bearer ${kept}` } : {}) };
  const response = await fetch(new URL(`api/${path}`, ROOT), { method: "POST", headers, body: JSON.stringify(content) });
  if (!response.ok) throw new Refused(response.status, await detailOf(response));
}

/* A POST of JSON whose answer is needed. */
export function post(path, content) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(content) });
}

export async function asked(path, options) {
  return (await ask(path, options)).json();
}

async function detailOf(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return response.statusText;
  }
}
