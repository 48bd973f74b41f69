/* The page put together: one live connection, one store, one picture after each change.
 *
 * Promise: however many events come, what changed is drawn once a frame, and only the parts that changed.
 */

import { Access } from "./access.js";
import { start } from "./address.js";
import { followPermissions, forgetPermissions } from "./acts.js";
import { showAlerts } from "./alerts.js";
import { forgetAlerts, sayNewAlerts } from "./announce.js";
import { asked } from "./api.js";
import { showAttention } from "./attention.js";
import { Campaigns } from "./campaigns.js";
import { Connection } from "./connection.js";
import { showDeadLetters } from "./deadletters.js";
import { Detail } from "./detail.js";
import { byId } from "./dom.js";
import { showHealth, trouble } from "./health.js";
import { showImports } from "./imports.js";
import { showLag } from "./lag.js";
import { Letters } from "./letters.js";
import { Live } from "./live.js";
import { Records } from "./records.js";
import { ImportDetail } from "./importdetail.js";
import { showReplays } from "./replays.js";
import { Search } from "./search.js";
import { Store } from "./store.js";
import { showTotals } from "./totals.js";
import { Upload } from "./upload.js";

const PAGE = 500;
const PAGES_PAUSE_MS = 5_000;

const PARTS = ["campaigns", "imports", "alerts", "dead-letters", "health", "attention", "lag"];

const store = new Store();
const connection = new Connection();
const campaigns = new Campaigns();
const detail = new Detail(store);
const importDetail = new ImportDetail(store);
const search = new Search((text) => {
  searched = text;
  campaigns.find(text);
  changed("imports");
});
const letters = new Letters();
const upload = new Upload();
const records = new Records();
const dirty = new Set();
let pagesAt = 0;
let pagesTimer = null;
let searched = "";

function draw() {
  const changed = new Set(dirty);
  dirty.clear();
  const all = [...store.campaigns.values()];
  if (changed.has("campaigns")) {
    campaigns.show(all);
    showTotals(byId("totals"), all);
    detail.changed();
  }
  if (changed.has("imports")) {
    showImports(store.parts.imports, searched);
    importDetail.changed();
  }
  if (changed.has("alerts")) showAlerts(store.parts.alerts);
  if (changed.has("dead-letters")) {
    showDeadLetters(store.parts["dead-letters"], (reason) => letters.open(reason));
    letters.changed();
    showReplays(store.parts["dead-letters"]);
  }
  if (changed.has("lag")) showLag(store.parts.lag);
  if (changed.has("attention")) {
    const items = store.parts.attention?.items ?? [];
    campaigns.setShort(new Set(items.filter((one) => one.kind === "stock").map((one) => one.campaign_id)));
    showAttention(store.parts.attention, () => campaigns.onlyShort());
  }
  if (changed.has("health")) {
    showHealth(store.parts.health);
    connection.troubled(trouble(store.parts.health));
    detail.changed();
    importDetail.changed();
  }
}

function changed(...parts) {
  if (!dirty.size) setTimeout(draw, 0); // not by frames: a hidden tab has none, and is read aloud all the same
  for (const part of parts) dirty.add(part);
}

function take(event, content, process) {
  const isOther = store.take(event, content, process);
  connection.heard(store.at);
  if (event === "alerts") sayNewAlerts(content);
  if (event === "campaigns" && store.isPartial(content)) fetchPages();
  changed(event, ...(isOther ? PARTS : []));
}

/* More campaigns than one event names: all of them, page by page. What changes during the pause is fetched after it. */
function fetchPages() {
  pagesTimer ??= setTimeout(readPages, Math.max(0, pagesAt + PAGES_PAUSE_MS - Date.now()));
}

async function readPages() {
  pagesTimer = null;
  pagesAt = Date.now();
  try {
    for (let offset = 0; offset < store.total; offset += PAGE) {
      store.addPage(await asked(`campaigns?sort=name&limit=${PAGE}&offset=${offset}`));
      changed("campaigns");
    }
  } catch {
    pagesAt = 0; // the stream says what is wrong; the next event asks again
  }
}

function forget() {
  clearTimeout(pagesTimer);
  pagesTimer = null;
  store.forget();
  forgetAlerts();
  search.refused();
  detail.forget();
  letters.forget();
  forgetPermissions();
  upload.forget();
  records.forget();
  changed(...PARTS);
}

function tell(state, more) {
  connection.told(state, more);
  if (state === "live") {
    access.granted();
    for (const part of [detail, importDetail, search]) part.granted();
  }
  followPermissions(state);
  if (state === "refused") {
    forget();
    access.refused(more);
  }
}

const live = new Live({ take, tell });
const access = new Access({
  given: () => live.resume(),
  forgotten: () => {
    search.forget();
    live.resume();
  },
});
start();
await live.run();
