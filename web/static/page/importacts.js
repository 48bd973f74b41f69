/* What can be done with an import: cancel it while it runs, retry it when it has ended, download its report. */

import { actButton, confirmAct } from "./acts.js";
import { post } from "./api.js";
import { attribute, element, shown } from "./dom.js";
import { count } from "./format.js";

export function importActs() {
  let one = null;
  const cancel = actButton("Cancel", () => confirmAct(cancelling(one)));
  const retry = actButton("Retry", () => confirmAct(retrying(one)));
  const report = actButton("Download report", () => confirmAct(reporting(one)));
  report.classList.add("needs-files");
  const update = (item) => {
    one = item;
    shown(cancel, item.state === "running");
    shown(retry, item.state !== "running");
    shown(report, Boolean(item.report));
    for (const button of [cancel, retry, report]) {
      attribute(button, "aria-label", `${button.textContent}: import ${item.import_id}`);
    }
  };
  return { node: element("p", { class: "acts" }, cancel, retry, report), update };
}

const pathOf = ({ import_id: id }, act) => `v1/imports/${encodeURIComponent(id)}/${act}`;

function cancelling(one) {
  return {
    title: `Cancel import ${one.import_id}?`,
    lines: [
      `It stops at the end of the current chunk. The codes that it has already imported, ${count(one.inserted)} so far, stay in campaign ${one.campaign_id}.`,
      "The rest of the file can be imported later: retry the import.",
    ],
    label: "Cancel the import",
    run: () => done(one, "cancel"),
  };
}

function retrying(one) {
  return {
    title: `Retry import ${one.import_id}?`,
    lines: [
      `${one.object ?? "The same file"} is imported again into campaign ${one.campaign_id}, under a new id.`,
      "Codes that the campaign already has count as duplicates.",
    ],
    label: "Retry the import",
    run: () => done(one, "retry"),
  };
}

function reporting(one) {
  return {
    title: `Download the reject report of import ${one.import_id}?`,
    lines: ["It has the line and the reason of each rejected row, and no code. The download is recorded."],
    label: "Download",
    run: () => downloaded(one),
  };
}

async function done(one, act) {
  const answer = await (await post(pathOf(one, act), { confirm: one.import_id })).json();
  return `Done: ${answer.outcome}.`;
}

async function downloaded(one) {
  const answer = await post(pathOf(one, "report"), { confirm: one.import_id });
  const address = URL.createObjectURL(await answer.blob());
  element("a", { href: address, download: `${one.import_id}.rejects.csv` }).click();
  URL.revokeObjectURL(address);
  return "The report is downloaded.";
}
