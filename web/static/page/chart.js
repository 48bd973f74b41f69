/* A campaign's history as a line chart, with the same in words and as a table.
 *
 * In: an element, the API's history. Between two points the counts are those of the earlier one: lines have steps.
 */

import { drawn, element } from "./dom.js";
import { count, dayAndHour, dayOfYear, minuteOfDay, short } from "./format.js";

const STATUSES = ["available", "reserved", "assigned"];
const HEIGHT = 240;
const MARGIN = { top: 12, right: 104, bottom: 26, left: 52 };
const LABEL_GAP = 15;
const ROWS_MAX = 12;
const HOUR_S = 3_600;

export function chartOf(figure, { points, code_type: type, step_s: step, source, note }, span) {
  const isWeek = step >= HOUR_S || source === "prometheus";
  const [axis, timeOf] = !isWeek ? [minuteOfDay, minuteOfDay] : [dayOfYear, dayAndHour];
  const isOpen = figure.querySelector("details")?.open ?? false;
  const width = Math.max(figure.clientWidth, 280);
  const words = sentence(points, type, span);
  const picture = pictureOf(points, width, words, axis);
  const origin = source === "prometheus" ? "From Prometheus." : note ? `Kept by the inventory: ${note}.` : "";
  const caption = element("figcaption", {}, words, ...(origin ? [element("small", { class: "origin" }, origin)] : []));
  figure.replaceChildren(picture, caption, tableOf(points, isOpen, timeOf));
}

function pictureOf(points, width, words, axis) {
  const scale = scaleOf(points, width);
  const lines = STATUSES.map((status) => drawn("path", { class: `line ${status}`, d: stepsOf(points, status, scale) }));
  const attributes = { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": words };
  return drawn("svg", attributes, ...grid(scale, width), ...times(scale, axis), ...lines, ...labels(points.at(-1), scale));
}

function scaleOf(points, width) {
  const most = ceiling(Math.max(1, ...points.flatMap((one) => STATUSES.map((status) => one[status]))));
  const from = Date.parse(points[0].at);
  const until = Math.max(Date.parse(points.at(-1).at), from + 1000);
  const right = width - MARGIN.right;
  return {
    most, from, until, right,
    x: (at) => MARGIN.left + ((at - from) / (until - from)) * (right - MARGIN.left),
    y: (codes) => HEIGHT - MARGIN.bottom - (Math.max(codes, 0) / most) * (HEIGHT - MARGIN.top - MARGIN.bottom),
  };
}

/* The next of 1, 2, 4, 5, 10, 20, 40 ...: four lines stand at round numbers. */
function ceiling(most) {
  const size = 10 ** Math.floor(Math.log10(most));
  return Math.max([1, 2, 4, 5, 8, 10].find((one) => one * size >= most) * size, 4);
}

function stepsOf(points, status, { x, y, right }) {
  const steps = points.map((one, place) => {
    const across = x(Date.parse(one.at)).toFixed(1);
    const up = y(one[status]).toFixed(1);
    return place ? `H${across}V${up}` : `M${across},${up}`;
  });
  return `${steps.join("")}H${right}`;
}

function grid({ most, y, right }) {
  return [0, 1, 2, 3, 4].flatMap((quarter) => {
    const codes = (most * quarter) / 4;
    const line = drawn("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(codes), y2: y(codes) });
    return [line, drawn("text", { x: MARGIN.left - 8, y: y(codes) + 4, "text-anchor": "end" }, short(codes))];
  });
}

function times({ from, until, x }, axis) {
  const anchors = ["start", "middle", "end"];
  return [from, (from + until) / 2, until].map((at, place) =>
    drawn("text", { x: x(at), y: HEIGHT - 6, "text-anchor": anchors[place] }, axis(new Date(at))));
}

/* Each line's name and figure at its end, moved apart where lines end close together. */
function labels(last, { y, right }) {
  const places = STATUSES.map((status) => ({ status, at: y(last[status]) })).sort((one, other) => one.at - other.at);
  places.forEach((one, place) => {
    if (place) one.at = Math.max(one.at, places[place - 1].at + LABEL_GAP);
  });
  const over = Math.max(0, places.at(-1).at - (HEIGHT - MARGIN.bottom));
  return places.map(({ status, at }) =>
    drawn("text", { class: `label ${status}`, x: right + 8, y: at - over + 4 }, `${short(last[status])} ${status}`));
}

function sentence(points, type, span) {
  const parts = STATUSES.map((status) => wayOf(points, status));
  return `${type ? `Codes of type ${type}` : "All codes"} over ${span}: ${parts.join("; ")}.`;
}

/* From the first point over the highest and the lowest one to the last: a rise and a fall are both told. */
function wayOf(points, status) {
  const ends = [0, points.length - 1];
  const places = points.map((_, place) => place);
  const at = (place) => points[place][status];
  const highest = places.reduce((best, place) => (at(place) > at(best) ? place : best), 0);
  const lowest = places.reduce((best, place) => (at(place) < at(best) ? place : best), 0);
  const turns = [...new Set([...ends, highest, lowest])].sort((one, other) => one - other).map(at);
  const told = turns.filter((codes, place) => place === 0 || codes !== turns[place - 1]);
  if (told.length === 1) return `${count(told[0])} ${status}, unchanged`;
  const [first, ...rest] = told;
  const ways = rest.map((codes, place) => `${codes > told[place] ? "up" : "down"} to ${count(codes)}`);
  return `${status} ${count(first)}, ${ways.join(", then ")}`;
}

function tableOf(points, isOpen, timeOf) {
  const step = Math.max(1, Math.ceil(points.length / ROWS_MAX));
  const some = points.filter((_, place) => (points.length - 1 - place) % step === 0);
  const heads = ["Time", ...STATUSES].map((name) => element("th", { scope: "col" }, name));
  const rows = some.map((one) =>
    element(
      "tr", {},
      element("th", { scope: "row" }, timeOf(new Date(one.at))),
      ...STATUSES.map((status) => element("td", { class: "number" }, count(one[status]))),
    ));
  const table = element("table", { class: "small" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
  const details = element("details", {}, element("summary", {}, "The same as a table"), table);
  details.open = isOpen;
  return details;
}
