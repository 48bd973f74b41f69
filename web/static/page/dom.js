/* Elements, made and changed with as few changes as possible: a reader's place, focus and selection stay.
 *
 * Out: `element`, `text`, `attribute`, `shown`, and `keyed`, which keeps the children of a parent in step with items.
 */

const SVG = "http://www.w3.org/2000/svg";
const kept = new WeakMap();

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

export function attribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function shown(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/* `make()` gives `{ node, update(item) }`; it is called once for each key. An item that is the very same object
 * as before is not looked at. */
export function keyed(parent, items, key, make) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map(items.map((item) => [key(item), before.get(key(item)) ?? make(item)]));
  for (const [name, view] of before) if (!after.has(name)) view.node.remove();
  kept.set(parent, after);
  let place = parent.firstElementChild;
  for (const item of items) {
    const view = after.get(key(item));
    if (view.item !== item) view.update(item);
    view.item = item;
    if (view.node === place) place = place.nextElementSibling;
    else parent.insertBefore(view.node, place);
  }
}
