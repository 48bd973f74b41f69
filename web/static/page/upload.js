/* Uploads a file of codes: choose it, look at what an import would do, then import that very file.
 *
 * Promise: nothing is written before the campaign's id was typed again. A file or field that is changed after the
 *          preview needs a new one.
 */

import { actButton } from "./acts.js";
import { ask, asked } from "./api.js";
import { byId, element, shown, text } from "./dom.js";
import { count, plural } from "./format.js";

const TYPES = { gz: "application/gzip" };
const LINES_MAX = 5;

export class Upload {
  #dialog = made();
  #seen = null;
  #number = 0;

  constructor() {
    const open = actButton("Upload a file of codes", () => this.#open());
    byId("imports-title").after(element("p", { class: "acts needs-files" }, open));
    byId("upload-form").addEventListener("submit", (event) => {
      event.preventDefault();
      (this.#seen === null ? this.#look() : this.#import()).catch((why) => this.#failed(why));
    });
    for (const id of ["upload-campaign", "upload-type", "upload-file"]) {
      byId(id).addEventListener("input", () => this.#forgetPreview());
    }
    byId("upload-back").addEventListener("click", () => this.#dialog.close());
  }

  forget() {
    byId("upload-form").reset();
    this.#forgetPreview();
    if (this.#dialog.open) this.#dialog.close();
  }

  #open() {
    this.#forgetPreview();
    this.#dialog.showModal();
    byId("upload-campaign").focus();
  }

  async #look() {
    const file = byId("upload-file").files[0];
    this.#busy("Reading the file…");
    const number = this.#number;
    const seen = await asked(`v1/uploads/preview?${this.#query(file)}`, posted(file));
    if (number !== this.#number) return; // another file or campaign was chosen meanwhile
    this.#seen = seen;
    this.#busy("");
    show(seen);
    shown(byId("upload-go"), seen.reason === null);
    shown(byId("upload-typed-line"), seen.reason === null);
    text(byId("upload-typed-label"), `Type ${byId("upload-campaign").value.trim()} to confirm`);
    text(byId("upload-go"), `Import ${plural(seen.codes, "code")}`);
    byId(seen.reason === null ? "upload-typed" : "upload-back").focus();
  }

  async #import() {
    const file = byId("upload-file").files[0];
    const confirm = byId("upload-typed").value.trim();
    if (confirm !== byId("upload-campaign").value.trim()) {
      text(byId("upload-why"), "This is not the campaign’s id. Nothing was done.");
      return byId("upload-typed").focus();
    }
    this.#busy("Uploading…");
    const query = this.#query(file, { confirm, sha256: this.#seen.sha256 });
    const done = await asked(`v1/uploads?${query}`, posted(file));
    byId("upload-form").reset();
    this.#forgetPreview();
    text(byId("upload-says"), `Sent as import ${done.import_id}. It appears among the imports.`);
    byId("upload-back").focus();
  }

  #query(file, more = {}) {
    const campaign = byId("upload-campaign").value.trim();
    const fields = { campaign_id: campaign, code_type: byId("upload-type").value, name: nameOf(file), ...more };
    return new URLSearchParams(fields);
  }

  #busy(sentence) {
    byId("upload-go").disabled = sentence !== "";
    text(byId("upload-says"), sentence);
    text(byId("upload-why"), "");
  }

  #failed(why) {
    this.#busy("");
    text(byId("upload-why"), `Not done: ${why.message}.`);
  }

  #forgetPreview() {
    this.#number += 1;
    this.#seen = null;
    this.#busy("");
    byId("upload-counts").replaceChildren();
    byId("upload-typed").value = "";
    shown(byId("upload-typed-line"), false);
    shown(byId("upload-go"), true);
    text(byId("upload-go"), "Look at the file");
  }
}

const posted = (file) => ({ method: "POST", headers: { "Content-Type": typeOf(file) }, body: file });
const typeOf = ({ name }) => TYPES[name.split(".").at(-1).toLowerCase()] ?? "text/csv";

/* A key of S3 that everybody can type. */
const nameOf = ({ name }) => name.slice(-100).replace(/[^A-Za-z0-9._-]/g, "_").replace(/^[^A-Za-z0-9_]/, "_");

function show(seen) {
  const lines = [
    `${plural(seen.rows_read, "row")}, ${plural(seen.codes, "different code")}.`,
    seen.duplicates_in_file && `${plural(seen.duplicates_in_file, "row repeats", "rows repeat")} the code of an earlier row.`,
    ...Object.entries(seen.rejects).map(([reason, number]) => `${count(number)} rejected: ${reason}.`),
    seen.lines.length && `The first of them: line ${seen.lines.slice(0, LINES_MAX).map((one) => one.line).join(", ")}.`,
    "Codes that the campaign already has will count as duplicates.",
  ];
  byId("upload-counts").replaceChildren(...lines.filter(Boolean).map((line) => element("li", {}, line)));
  if (seen.reason !== null) text(byId("upload-why"), `The import would fail, ${seen.reason}: ${seen.remedy ?? ""}`);
}

function made() {
  const fields = [
    field("upload-campaign", "Campaign", element("input", { id: "upload-campaign", type: "text", required: "", maxlength: "128", pattern: "[A-Za-z0-9._:\\-]+", autocomplete: "off", spellcheck: "false" })),
    field("upload-type", "Type of the codes", element("select", { id: "upload-type" }, ...["tm", "external"].map((type) => element("option", { value: type }, type)))),
    field("upload-file", "CSV file, plain or .gz", element("input", { id: "upload-file", type: "file", required: "", accept: ".csv,.txt,.gz,text/csv" })),
  ];
  const typed = element("input", { id: "upload-typed", type: "text", autocomplete: "off", spellcheck: "false" });
  const form = element(
    "form",
    { id: "upload-form" },
    ...fields,
    element("ul", { id: "upload-counts", class: "lines" }),
    element("p", { id: "upload-typed-line", class: "typed", hidden: "" }, element("label", { id: "upload-typed-label", for: "upload-typed" }), typed),
    element("p", { id: "upload-why", class: "why", role: "alert" }),
    element("p", { id: "upload-says", class: "done", role: "status" }),
    element("p", { class: "buttons" }, element("button", { id: "upload-back", type: "button" }, "Close"), element("button", { id: "upload-go", type: "submit", class: "go" }, "Look at the file")),
  );
  const head = element("header", {}, element("h2", { id: "upload-title" }, "Upload a file of codes"));
  const node = element("dialog", { id: "upload", class: "act", "aria-labelledby": "upload-title" }, head, form);
  document.body.append(node);
  return node;
}

function field(id, label, input) {
  return element("p", { class: "typed" }, element("label", { for: id }, label), input);
}
