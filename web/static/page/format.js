/* Figures as text. Instants are told in the reader's own time zone. */

const whole = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndMinute = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

export const NONE = "–";

export const count = (number) => whole.format(number);
export const short = (number) => (Math.abs(number) < 10_000 ? whole.format(number) : compact.format(number));
export const timeOfDay = (date) => clock.format(date);
export const dayOfYear = (date) => day.format(date);
export const dayAndHour = (date) => dayAndMinute.format(date);
export const minuteOfDay = (date) => minute.format(date);

export function when(instant) {
  const date = new Date(instant);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock.format(date) : dayAndMinute.format(date);
}

export function percent(part, all) {
  if (all <= 0) return NONE;
  if (part <= 0) return "0 %";
  const share = (100 * part) / all;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  return `${share < 10 ? tenths.format(share) : Math.floor(share)} %`;
}

/* Codes a second as codes a minute: of one size for all campaigns, so that a column can be compared. */
export function perMinute(rate) {
  const each = rate * MINUTE_S;
  if (each === 0) return "0";
  return each < 100 ? tenths.format(each) : whole.format(Math.round(each));
}

export function duration(seconds) {
  if (seconds < 1) return "0 s";
  if (seconds < MINUTE_S) return `${Math.round(seconds)} s`;
  if (seconds < HOUR_S) return `${Math.round(seconds / MINUTE_S)} min`;
  if (seconds < 2 * DAY_S) {
    const minutes = Math.round(seconds / MINUTE_S);
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  }
  return `${short(Math.round(seconds / DAY_S))} days`;
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
