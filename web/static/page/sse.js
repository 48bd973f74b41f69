/* Server-sent events out of a response's body.
 *
 * In:  a fetch response whose body is `text/event-stream`.
 * Out: `{ event, id, data }`, one after the other; a heartbeat comment comes as an event without a name.
 */

const BLOCK = /\r?\n\r?\n/;
const LENGTH_MAX = 16 * 1024 * 1024;

export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(BLOCK);
    rest = blocks.pop();
    if (rest.length > LENGTH_MAX) throw new Error("an event is too long");
    for (const block of blocks) yield parsed(block);
  }
}

export function parsed(block) {
  const found = { event: "", id: null, data: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === "data") found.data += (found.data && "\n") + value;
    else if (name in found && name !== "") found[name] = value;
  }
  return found;
}
