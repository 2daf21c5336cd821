// Draws Discord's components, old and new. The numbers of types and styles are Discord's.

import { el, icon, size } from "./dom.js";
import { link, markup, placeOf, spoiler } from "./markup.js";
import { choose } from "./picker.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "primary" };
const FILE = /^SPOILER_/;

/** One component with all that is in it; `scene` knows the reader, what may be chosen, and what a press does. */
export function draw(part, scene) {
  const drawn = {
    1: () => el("div", { class: "row" }, all(part.components, scene)),
    2: () => button(part, scene),
    3: () => select(part, scene),
    5: () => select(part, scene),
    6: () => select(part, scene),
    7: () => select(part, scene),
    8: () => select(part, scene),
    9: () => el("div", { class: "section" }, el("div", {}, all(part.components, scene)), draw(part.accessory, scene)),
    10: () => el("div", { class: "words" }, markup(part.content, scene.reader)),
    11: () => el("div", { class: "thumbnail" }, media(part.media, part, scene)),
    12: () => el("div", { class: "gallery", data: { n: Math.min(part.items.length, 3) } }, part.items.map((each) => media(each.media, each, scene))),
    13: () => maybeCovered(fileBox({ filename: part.name, size: part.size, url: part.file.url }, scene), part.spoiler, scene),
    14: () => el("div", { class: `separator ${part.spacing === 2 ? "wide" : ""} ${part.divider === false ? "" : "line"}`, role: "presentation" }),
    17: () => container(part, scene),
  }[part.type];
  return drawn ? drawn() : el("div", { class: "unknown" }, `component ${part.type}`);
}

function all(parts, scene) {
  return parts.map((part) => draw(part, scene));
}

/** The options that a select has of its own. */
export function ownOptions(part) {
  return (part.options ?? []).map((option) => ({
    value: option.value, label: option.label, description: option.description, sign: option.emoji?.name, chosen: Boolean(option.default),
  }));
}

function container(part, scene) {
  const colour = part.accent_color;
  const style = colour === null || colour === undefined ? {} : { "--accent": hex(colour) };
  const made = el("div", { class: `container ${Object.keys(style).length ? "accent" : ""}`, style }, all(part.components, scene));
  return part.spoiler ? spoiler([made], scene.reader.words) : made;
}

/** A colour as CSS has it. */
export function hex(colour) {
  return `#${colour.toString(16).padStart(6, "0")}`;
}

/** The sign of an emoji. */
export function sign(emoji) {
  return emoji && el("span", { class: "sign", "aria-hidden": "true" }, emoji.id ? "◆" : emoji.name ?? "");
}

function button(part, scene) {
  const face = [sign(part.emoji), part.label && el("span", {}, part.label)];
  const name = part.label ? undefined : part.emoji?.name;
  if (part.style === 5) {
    const goal = placeOf(part.url);
    const goTo = (event) => goal && (event.preventDefault(), scene.reader.goTo(goal.channel, goal.message));
    const shown = { class: "button secondary", href: goal ? `#${goal.channel}` : part.url, "aria-label": name, on: { click: goTo } };
    const away = goal ? {} : { target: "_blank", rel: "noopener noreferrer" };
    return el("a", { ...shown, ...away, data: { key: part.url } }, face, icon("away"));
  }
  const made = el("button", {
    type: "button", class: `button ${STYLES[part.style]}`, disabled: Boolean(part.disabled), "aria-label": name,
    data: { key: part.custom_id }, on: { click: () => busy(made) || scene.press(part, undefined, made) },
  }, face);
  return made;
}

function busy(made) {
  return made.getAttribute("aria-busy") === "true";
}

function select(part, scene) {
  const offered = scene.offered(part);
  const chosen = offered.filter((option) => option.chosen);
  const placeholder = part.placeholder ?? scene.reader.words.choose;
  const face = chosen.length
    ? chosen.map((option) => el("span", { class: "chosen" }, option.sign && el("span", { class: "sign" }, option.sign), option.label))
    : el("span", { class: "hint" }, placeholder);
  const made = el("button", {
    type: "button", class: "select", disabled: Boolean(part.disabled), "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-label": chosen.length ? `${placeholder}: ${chosen.map((option) => option.label).join(", ")}` : placeholder,
    data: { key: part.custom_id }, on: { click: pick },
  }, el("span", { class: "face" }, face), icon("down"));
  function pick() {
    if (busy(made)) return;
    choose({
      anchor: made, root: scene.root, words: scene.reader.words, label: placeholder, options: offered,
      least: part.min_values ?? 1, most: part.max_values ?? 1, search: part.type !== 3 || offered.length > 8,
      done: (values) => scene.press(part, values, made),
    });
  }
  return made;
}

/** A picture, a video or a sound where it stands; else a box with the file's name. */
export function media(file, about, scene) {
  const url = scene.here(file.url);
  const kind = (file.content_type ?? "").split("/")[0];
  const named = about.description || undefined;
  const words = scene.reader.words;
  const shape = file.width ? { "aspect-ratio": `${file.width} / ${file.height}`, "--wide": file.width, "--tall": file.height } : {};
  if (!url) return el("div", { class: "elsewhere" }, link(file.url, null, scene.reader));
  const shown = kind === "video" || /\.(mp4|webm|mov)$/i.test(url)
    ? el("video", { src: url, controls: true, playsinline: true, preload: "metadata", style: shape, "aria-label": named ?? words.video, data: { keep: file.url } })
    : kind === "audio"
      ? el("audio", { src: url, controls: true, "aria-label": named ?? words.attachment, data: { keep: file.url } })
      : kind === "image" || file.width || !file.filename
        ? el("a", { href: url, target: "_blank", rel: "noopener" }, el("img", { src: url, alt: named ?? words.picture, style: shape, loading: "lazy" }))
        : fileBox(file, scene);
  const hidden = about.spoiler || FILE.test(file.filename ?? "") || (file.flags ?? 0) & 8;
  return maybeCovered(shown, hidden, scene);
}

/** Something under a cover, until it is taken off, where it is to be hidden. */
function maybeCovered(shown, hidden, scene) {
  if (!hidden) return shown;
  const { words } = scene.reader;
  const cover = el("button", { type: "button", class: "cover", on: { click: () => cover.remove() } }, words.spoiler);
  return el("div", { class: "covered" }, shown, cover);
}

/** A file that is not shown itself. */
export function fileBox(file, scene) {
  const url = scene.here(file.url);
  const name = file.filename ?? decodeURIComponent(file.url.split("/").at(-1));
  return el("div", { class: "file" }, icon("file"), el("div", {},
    el("a", { href: url ?? file.url, download: name, target: "_blank", rel: "noopener" }, name),
    file.size !== undefined && file.size !== null && el("small", {}, size(file.size))));
}
