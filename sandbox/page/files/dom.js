// Builds elements. What is shown goes in as text and never as markup: everything drawn here was written by somebody else.

/** An element with properties, listeners (`on`), styles and children; strings among the children are text. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (name === "style") for (const [key, said] of Object.entries(value)) made.style.setProperty(key, said);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name === "class") made.className = value;
    else if (name === "value" || name === "checked" || name === "disabled" || name === "inert") made[name] = value;
    else made.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : value);
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return made;
}

const PATHS = {
  hash: "M9 3 7 21M17 3l-2 18M4 8h17M3 16h17",
  thread: "M5 4v9a4 4 0 0 0 4 4h10m-4-4 4 4-4 4",
  at: "M16 12a4 4 0 1 0-4 4 4 4 0 0 0 4-4Zm0 0v1a3 3 0 0 0 5 2 9 9 0 1 0-4 5",
  down: "m6 9 6 6 6-6",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  eye: "M2 12q10-13 20 0-10 13-20 0Zm10-3a3 3 0 1 0 .01 0",
  phone: "M8 2h8a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2Zm3 17h2",
  panel: "M4 4h16v16H4zM14 4v16",
  away: "M9 5h10v10M19 5 5 19",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  send: "M4 12 20 4l-6 16-3-7z",
  reply: "M10 7 4 12l6 5v-3q7 0 10 4 0-9-10-8z",
  check: "m5 12 5 5 9-10",
};

/** A line drawing, which says nothing to those who do not see it. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Put a new element in an old one's place: what plays goes on playing, what had the focus has it, what waits waits. */
export function swap(old, made) {
  for (const kept of old.querySelectorAll("[data-keep]")) {
    const place = [...made.querySelectorAll("[data-keep]")].find((each) => each.dataset.keep === kept.dataset.keep);
    if (place) place.replaceWith(kept);
  }
  for (const waiting of old.querySelectorAll("[aria-busy=true]")) {
    const same = [...made.querySelectorAll("[data-key]")].find((each) => each.dataset.key === waiting.dataset.key);
    if (same) same.setAttribute("aria-busy", "true");
  }
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  for (const shown of old.querySelectorAll(".spoiler.open")) {
    const same = [...made.querySelectorAll(".spoiler")].find((each) => each.textContent === shown.textContent);
    if (same) same.click();
  }
  old.replaceWith(made);
  if (focused !== undefined) {
    const again = [...made.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused);
    (again || made.querySelector("[data-key]:not(:disabled)") || made).focus({ preventScroll: true });
  }
}

/** The bytes of a file as the control API takes them. */
export async function fileContent(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { filename: file.name, base64: btoa(text) };
}

/** A number of bytes as people say it. */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(2)} MB`;
}

/** Call something once, a moment after the last of several calls. */
export function soon(call, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
}
