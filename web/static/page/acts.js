/* What this viewer may do, and the dialog that asks before it is done.
 *
 * Out:     `followPermissions`, `forgetPermissions`, `onPermissions`; `actButton`; `confirmAct`.
 * Promise: the buttons of actions are shown only to whoever may act; the server decides again. What is done is said
 *          in the dialog, also to a screen reader.
 */

import { say } from "./announce.js";
import { asked } from "./api.js";
import { byId, element, shown, text } from "./dom.js";

const listeners = [];
let given = null;
let isAsked = false;
let dialog = null;
let wanted = null;

/* Asked once for each connection; `state` is the connection's, however often it is said. */
export async function followPermissions(state) {
  const isNew = state === "live" && !isAsked;
  isAsked = state === "live";
  if (!isNew) return;
  given = await asked("v1/actions").catch(() => null);
  const may = given?.may_act ? ["act", given.files && "files", given.replays && "replays"].filter(Boolean) : [];
  document.body.dataset.acts = may.join(" ");
  for (const listener of listeners) listener(given);
}

export function forgetPermissions() {
  given = null;
  isAsked = false;
  document.body.dataset.acts = "";
  if (dialog?.open) dialog.close();
}

export const mayAct = () => Boolean(given?.may_act);

/* `listener(permissions)` is called whenever they were loaded. */
export function onPermissions(listener) {
  listeners.push(listener);
}

export function actButton(label, act) {
  const node = element("button", { type: "button", class: "plain" }, label);
  node.addEventListener("click", act);
  return node;
}

/* `lines` say what will happen; with `typed`, that text must be typed first; `run()` does it and gives a sentence.
 * Without a `label` there is nothing to do but to read. */
export function confirmAct({ title, lines, label = null, typed = null, run = null }) {
  dialog ??= made();
  wanted = { typed, run };
  text(byId("act-title"), title);
  byId("act-lines").replaceChildren(...lines.map((line) => element("p", {}, line)));
  shown(byId("act-typed").parentElement, typed !== null);
  text(byId("act-typed-label"), `Type ${typed} to confirm`);
  byId("act-typed").value = "";
  text(byId("act-go"), label ?? "");
  shown(byId("act-go"), label !== null);
  text(byId("act-back"), label === null ? "Close" : "Back");
  text(byId("act-why"), "");
  text(byId("act-done"), "");
  if (!dialog.open) dialog.showModal();
  (typed === null ? byId("act-back") : byId("act-typed")).focus();
}

function made() {
  const back = element("button", { id: "act-back", type: "button" }, "Back");
  const go = element("button", { id: "act-go", type: "submit", class: "go" });
  const label = element("label", { id: "act-typed-label", for: "act-typed" });
  const input = element("input", { id: "act-typed", type: "text", autocomplete: "off", spellcheck: "false" });
  const form = element(
    "form",
    { id: "act-form" },
    element("div", { id: "act-lines", class: "lines" }),
    element("p", { class: "typed" }, label, input),
    element("p", { id: "act-why", class: "why", role: "alert" }),
    element("p", { id: "act-done", class: "done", role: "status" }),
    element("p", { class: "buttons" }, back, go),
  );
  const head = element("header", {}, element("h2", { id: "act-title" }));
  const node = element("dialog", { id: "act", class: "act", "aria-labelledby": "act-title" }, head, form);
  back.addEventListener("click", () => node.close());
  form.addEventListener("submit", submitted);
  document.body.append(node);
  return node;
}

async function submitted(event) {
  event.preventDefault();
  const { typed, run } = wanted;
  if (typed !== null && byId("act-typed").value.trim() !== typed) {
    text(byId("act-why"), `This is not ${typed}. Nothing was done.`);
    byId("act-typed").focus();
    return;
  }
  await perform(wanted, run);
}

async function perform(mine, run) {
  const go = byId("act-go");
  go.disabled = true;
  text(byId("act-why"), "");
  text(byId("act-done"), "Please wait…");
  const [sentence, failure] = await run().then((done) => [done, null], (why) => [null, why]);
  go.disabled = false;
  if (mine !== wanted || !dialog.open) return say(failure ? `Not done: ${failure.message}.` : sentence);
  text(byId("act-done"), sentence ?? "");
  text(byId("act-why"), failure ? `Not done: ${failure.message}.` : "");
  if (failure) return;
  shown(go, false);
  shown(byId("act-typed").parentElement, false);
  byId("act-lines").replaceChildren();
  text(byId("act-back"), "Close");
  byId("act-back").focus();
}
