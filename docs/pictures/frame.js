// Draws a moment of a channel as one person sees it, with what draws messages in the sandbox's page.

import { ownOptions } from "/page/components.js";
import { el, icon } from "/page/dom.js";
import { tick } from "/page/markup.js";
import { drawMessage } from "/page/message.js";
import { wordsOf } from "/page/words.js";

/** Show messages; `view` is a `View` of camera.py. */
window.show = (messages, view) => {
  const words = wordsOf(view.locale);
  const reader = {
    words, locale: view.locale, goTo: () => {},
    nameOf: (id) => view.people[id] ?? id, roleOf: (id) => id, channelOf: (id) => view.channels[id] ?? id,
  };
  const scene = {
    reader, now: () => view.now, viewer: view.viewer, roles: [], notes: new Map(), here: (url) => (url in view.videos || url.startsWith("data:") ? url : null), offered: ownOptions,
  };
  const seen = messages.filter((message) => (message.visible_to ?? view.viewer) === view.viewer);
  const drawn = seen.map((message, index) => drawMessage(message, seen[index - 1], {
    ...scene, of: () => scene, commandName: () => view.commands[message.interaction.id],
  }));
  document.body.className = view.typed === null ? "part" : "whole";
  document.getElementById("client").replaceChildren(el("section", { class: "chat" },
    el("header", { class: "place" }, icon("menu"), icon("hash"), el("h1", {}, view.channel)),
    el("div", { class: "messages" }, el("div", { class: "list" }, drawn)),
    el("div", { class: "composer" }, el("div", { class: "box" }, el("span", { class: "slash" }, "/"),
      view.typed ? el("span", { class: "typed" }, view.typed, el("u")) : el("span", { class: "typed empty" }, words.message(`#${view.channel}`)), icon("send")))));
  for (const video of document.querySelectorAll("video")) video.replaceWith(standIn(video, view.videos[video.dataset.keep]));
  tick(document, view.now);
  document.querySelector(".messages").scrollTop = 1e6;
};

/** What stands in a video's place: a picture of it, or the colour that stands for moving ones. */
function standIn(video, shown) {
  const shape = Object.fromEntries(["aspect-ratio", "--wide", "--tall"].map((name) => [name, video.style.getPropertyValue(name)]));
  if (shown.startsWith("#")) return el("div", { class: "poster", style: { ...shape, "background-color": shown } });
  return el("div", { class: "poster", style: { ...shape, "background-image": `url(${shown})` } }, el("i"));
}
