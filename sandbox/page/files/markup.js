// Discord's message markup as elements: what a person types, and nothing of it as HTML.

import { el } from "./dom.js";

const INLINE = new RegExp(
  [
    String.raw`\\(?<plain>[^a-zA-Z0-9\s])`,
    "(?<ticks>`{1,2})(?<code>[^`]+?)\\k<ticks>",
    String.raw`\|\|(?<spoiler>[\s\S]+?)\|\|`,
    String.raw`\*\*(?<bold>(?:\\.|[^\\])+?)\*\*(?!\*)`,
    String.raw`__(?<under>(?:\\.|[^\\])+?)__(?!_)`,
    String.raw`~~(?<struck>(?:\\.|[^\\])+?)~~`,
    String.raw`\*(?<slant>(?:\\.|[^\\*\s])(?:(?:\\.|[^\\*])*?(?:\\.|[^\\*\s]))?)\*`,
    String.raw`(?<![\p{L}\p{N}_])_(?<lean>(?:\\.|[^\\_])+?)_(?![\p{L}\p{N}_])`,
    String.raw`\[(?<label>(?:\\.|[^\]\\])+)\]\(<?(?<target>https?:\/\/[^)\s>]+)>?\)`,
    String.raw`<t:(?<moment>-?\d{1,12})(?::(?<style>[tTdDfFRsS]))?>`,
    String.raw`<@!?(?<person>\d+)>`,
    String.raw`<@&(?<role>\d+)>`,
    String.raw`<#(?<channel>\d+)>`,
    String.raw`<\/(?<command>[^:>]+):\d+>`,
    String.raw`<a?:(?<emoji>\w+):\d+>`,
    String.raw`(?<all>@everyone|@here)\b`,
    String.raw`<(?<shut>https?:\/\/[^\s<>]+)>`,
    String.raw`(?<address>https?:\/\/[^\s<>]*[^\s<>"'.,;:!?)\]])`,
  ].join("|"),
  "gu",
);
const BLOCK = /```(?:[\w+-]+\n)?\n?([\s\S]*?)\n?```/;
const MESSAGE_LINK = /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/;

/** A text as a list of elements; `reader` says what ids mean: people, roles, channels, the locale and `goTo`. */
export function markup(text, reader) {
  const parts = [];
  let rest = text;
  for (let found = BLOCK.exec(rest); found; found = BLOCK.exec(rest)) {
    parts.push(...lines(rest.slice(0, found.index).replace(/\n$/, ""), reader), el("pre", { tabindex: "0" }, found[1]));
    rest = rest.slice(found.index + found[0].length).replace(/^\n/, "");
  }
  return [...parts, ...lines(rest, reader)];
}

const LINES = [
  [/^### (.+)/, (rest, reader) => el("h5", { class: "h3" }, inline(rest, reader))],
  [/^## (.+)/, (rest, reader) => el("h4", { class: "h2" }, inline(rest, reader))],
  [/^# (.+)/, (rest, reader) => el("h3", { class: "h1" }, inline(rest, reader))],
  [/^-# (.+)/, (rest, reader) => el("small", {}, inline(rest, reader))],
  [/^\s*[-*] (.+)/, (rest, reader, line) => item("•", rest, reader, line)],
  [/^\s*\d+\. (.+)/, (rest, reader, line) => item(line.trim().split(" ")[0], rest, reader, line)],
];

function item(mark, rest, reader, line) {
  const depth = Math.floor(line.search(/\S/) / 2);
  return el("div", { class: "item", data: { depth } }, el("span", { class: "dot" }, mark), el("span", {}, inline(rest, reader)));
}

function lines(text, reader) {
  const made = [];
  let plain = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) made.push(el("blockquote", {}, lines(quoted.join("\n"), reader)));
    if (plain.length) made.push(el("div", { class: "text" }, inline(plain.join("\n"), reader)));
    [plain, quoted] = [[], []];
  };
  const all = text === "" ? [] : text.split("\n");
  for (const [number, line] of all.entries()) {
    const quote = /^> ?(.*)/.exec(line);
    const special = LINES.find(([mark]) => mark.test(line));
    if (line.startsWith(">>> ")) {
      flush();
      quoted = [line.slice(4), ...all.slice(number + 1)];
      break;
    }
    if (quote && line !== ">") {
      if (plain.length) flush();
      quoted.push(quote[1]);
    } else if (special) {
      flush();
      made.push(special[1](special[0].exec(line)[1], reader, line));
    } else {
      if (quoted.length) flush();
      plain.push(line);
    }
  }
  flush();
  return made;
}

function inline(text, reader) {
  const made = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    made.push(text.slice(end, found.index), span(found.groups, reader));
    end = found.index + found[0].length;
  }
  return [...made, text.slice(end)];
}

function span(found, reader) {
  if (found.plain) return found.plain;
  if (found.code) return el("code", {}, found.code);
  if (found.spoiler) return spoiler(inline(found.spoiler, reader), reader.words);
  if (found.bold) return el("strong", {}, inline(found.bold, reader));
  if (found.under) return el("u", {}, inline(found.under, reader));
  if (found.struck) return el("s", {}, inline(found.struck, reader));
  if (found.slant || found.lean) return el("em", {}, inline(found.slant ?? found.lean, reader));
  if (found.target) return link(found.target, inline(found.label, reader), reader);
  if (found.moment) return moment(Number(found.moment), found.style ?? "f", reader.locale);
  if (found.person) return el("span", { class: "mention" }, `@${reader.nameOf(found.person)}`);
  if (found.role) return el("span", { class: "mention" }, `@${reader.roleOf(found.role)}`);
  if (found.channel) return place(found.channel, undefined, reader);
  if (found.command) return el("span", { class: "mention" }, `/${found.command}`);
  if (found.emoji) return `:${found.emoji}:`;
  if (found.all) return el("span", { class: "mention" }, found.all);
  const address = found.shut ?? found.address;
  return link(address, null, reader);
}

/** What is hidden until somebody wants to see it. */
export function spoiler(children, words) {
  const made = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": words.show }, el("span", {}, children));
  const open = () => {
    made.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label"]) made.removeAttribute(name);
  };
  made.addEventListener("click", open);
  made.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), open()));
  return made;
}

/** An address; one of a message or a channel leads there within the page. */
export function link(address, label, reader) {
  const ours = MESSAGE_LINK.exec(address);
  if (ours && !label) return place(ours[1], ours[2], reader);
  if (ours) {
    const goTo = (event) => (event.preventDefault(), reader.goTo(ours[1], ours[2]));
    return el("a", { href: `#${ours[1]}`, on: { click: goTo } }, label);
  }
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label ?? address);
}

/** Where an address of Discord's leads, if it is one of a channel or message. */
export function placeOf(address) {
  const found = MESSAGE_LINK.exec(address);
  return found && { channel: found[1], message: found[2] };
}

function place(channel, message, reader) {
  const name = reader.channelOf(channel);
  const shown = [`# ${name}`, message ? el("span", { class: "faint" }, " › 💬") : ""];
  return el("button", { class: "mention", type: "button", on: { click: () => reader.goTo(channel, message) } }, shown);
}

const STYLES = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" }, S: { dateStyle: "short", timeStyle: "medium" },
};
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function moment(at, style, locale) {
  const full = new Intl.DateTimeFormat(locale, STYLES.F).format(at * 1000);
  const made = el("time", { class: "stamp", datetime: new Date(at * 1000).toISOString(), title: full, data: { at, style, locale } });
  made.textContent = style === "R" ? "" : new Intl.DateTimeFormat(locale, STYLES[style]).format(at * 1000);
  return made;
}

/** A moment as it is said now: "in 2 minutes", "12 seconds ago". Both are in seconds since 1970. */
export function ago(at, now, locale) {
  const apart = Math.round(at - now);
  const [unit, seconds] = UNITS.find(([, length]) => Math.abs(apart) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "always" }).format(Math.round(apart / seconds), unit);
}

/** Let every moment that is said relative to now say it anew. */
export function tick(root, now) {
  for (const each of root.querySelectorAll('time[data-style="R"]')) {
    const said = ago(Number(each.dataset.at), now, each.dataset.locale);
    if (each.textContent !== said) each.textContent = said;
  }
}
