/* The page's address: which campaign or import is open, and what is searched for.
 *
 * In:      `campaigns/<id>`, `imports/<id>`, `?q=<text>`, all below the place of this page: a proxy may add a path.
 * Out:     `current()`, addresses for links, `go`; listeners are called after each change, back and forward included.
 * Promise: a link to such an address is followed without loading the page again.
 */

export const ROOT = new URL("../../", import.meta.url);

const NAME = document.title;
const KINDS = ["campaigns", "imports"];
const FORMER = /^#\/campaigns\//; // how a campaign's address was written before

const listeners = [];
let behind = ROOT.href;

export const campaignHref = (id) => hrefOf("campaigns", id);
export const importHref = (id) => hrefOf("imports", id);
export const searchHref = (q) => new URL(`?${new URLSearchParams({ q })}`, ROOT).href;

/* `{ kind, id }` of what is open, or `{ q }` of a search; all null on the plain page. */
export function current() {
  const [kind, id] = decoded(location.pathname.slice(ROOT.pathname.length)).split("/");
  const isOpen = KINDS.includes(kind) && Boolean(id);
  const q = isOpen ? null : new URLSearchParams(location.search).get("q")?.trim();
  return { kind: isOpen ? kind : null, id: isOpen ? id : null, q: q || null };
}

export function go(href) {
  if (href === location.href) return tell();
  history.pushState(null, "", href);
  tell();
}

/* Where the reader was before a campaign or import was opened. */
export function goBehind() {
  go(behind);
}

/* The search is no longer in the address. */
export function forgetSearch() {
  behind = ROOT.href;
  if (current().q === null) return;
  history.replaceState(null, "", ROOT);
  tell();
}

export function onAddress(listener) {
  listeners.push(listener);
}

function hrefOf(kind, id) {
  return new URL(`${kind}/${encodeURIComponent(id)}`, ROOT).href;
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return ""; // not an address of ours
  }
}

function tell() {
  const { kind, id, q } = current();
  if (kind === null) behind = location.href;
  const name = kind === "imports" ? `Import ${id}` : (id ?? (q && `Search: ${q}`));
  document.title = name ? `${name} · ${NAME}` : NAME;
  for (const listener of listeners) listener();
}

function follow(event) {
  const link = event.target.closest?.("a[href]");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || !isOurs(new URL(link.href))) return;
  event.preventDefault();
  go(link.href);
}

function isOurs({ origin, pathname, search }) {
  if (origin !== ROOT.origin || !pathname.startsWith(ROOT.pathname)) return false;
  const rest = pathname.slice(ROOT.pathname.length);
  return KINDS.some((kind) => rest.startsWith(`${kind}/`)) || (rest === "" && search.startsWith("?q="));
}

/* Once all listeners are there. */
export function start() {
  const icon = document.querySelector("link[rel=icon]");
  icon.setAttribute("href", icon.href); // relative, it would be looked for below each address that the page takes on
  if (FORMER.test(location.hash)) history.replaceState(null, "", new URL(location.hash.slice(2), ROOT));
  addEventListener("popstate", tell);
  addEventListener("click", follow);
  tell();
}
