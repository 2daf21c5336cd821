// Draws messages: who, when, what answers to what, and everything that hangs on them.

import { draw, hex, media, sign } from "./components.js";
import { el, icon } from "./dom.js";
import { link, markup } from "./markup.js";

const LOADING = 1 << 7;
const SUPPRESSED = 1 << 2;
const VERSION_2 = 1 << 15; // what is attached is shown where its components say
const REPLY = 19;
const TOGETHER = 7 * 60 * 1000; // milliseconds: messages of one author within this share a heading
const FACES = ["#2f7d5b", "#a34a72", "#96651f", "#4d5f9e", "#7a4fa3", "#2a7a86"];

/** What somebody is called. */
export function nameOf(user) {
  return user.global_name ?? user.username;
}

/** Somebody's picture: the first letter of their name on a colour of theirs. */
export function face(user) {
  if (user.bot) return el("span", { class: "avatar app", "aria-hidden": "true" }, "🎬");
  const sum = [...user.username].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return el("span", { class: "avatar", "aria-hidden": "true", style: { background: FACES[sum % FACES.length] } }, [...nameOf(user)][0].toUpperCase());
}

/** One message; `before` is the one above it. */
export function drawMessage(message, before, scene) {
  const { words, locale } = scene.reader;
  const mine = message.mentions.some((user) => user.id === scene.viewer) || message.mention_everyone
    || message.mention_roles.some((role) => scene.roles.includes(role));
  const private_ = message.visible_to !== undefined;
  const joined = before && !answers(message) && follows(before, message);
  const at = new Date(message.timestamp);
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false }).format(at);
  const note = scene.notes.get(message.id);
  const body = el("div", { class: "body" },
    !joined && heading(message, at, clock, scene),
    text(message, scene),
    !(message.flags & SUPPRESSED) && message.embeds.map((embed) => drawEmbed(embed, scene)),
    !(message.flags & VERSION_2) && message.attachments.length > 0 && el("div", { class: "attachments" }, message.attachments.map((file) => media(file, file, scene))),
    message.components.map((part) => draw(part, scene.of(message))),
    message.reactions?.length > 0 && el("div", { class: "reactions" }, message.reactions.map((each) =>
      el("span", { class: "reaction" }, sign(each.emoji), ` ${each.count}`))),
    note && el("div", { class: "note failed", role: "alert" }, note),
    private_ && el("div", { class: "note" }, icon("eye"), words.private, " · ",
      el("button", { type: "button", class: "plain", on: { click: () => scene.dismiss(message) } }, words.dismiss)));
  return el("article", {
    class: ["message", joined ? "joined" : "", mine ? "mine" : "", private_ ? "private" : ""].join(" "), tabindex: "-1",
    "aria-label": `${nameOf(message.author)}, ${clock}`, data: { id: message.id }, on: { contextmenu: (event) => menu(event) },
  }, above(message, scene), el("div", { class: "line" },
    joined ? el("span", { class: "when", "aria-hidden": "true" }, clock) : who(message.author, scene, face(message.author), "picture"), body),
    tools());

  function menu(event) {
    if (event.target.closest("a, video, input")) return;
    event.preventDefault();
    scene.menu(message, event.currentTarget.querySelector(".tools button"));
  }
  function tools() {
    return el("div", { class: "tools" }, el("button", {
      type: "button", "aria-label": words.actions, "aria-haspopup": "listbox", data: { key: "tools" },
      on: { click: (event) => scene.menu(message, event.currentTarget) },
    }, icon("more")));
  }
}

function answers(message) {
  return message.interaction || message.message_reference;
}

function follows(before, message) {
  return before.author.id === message.author.id && new Date(message.timestamp) - new Date(before.timestamp) < TOGETHER
    && (before.visible_to === undefined) === (message.visible_to === undefined);
}

function who(user, scene, shown, kind) {
  const again = kind === "picture"; // of the button with the name, for those who point at it
  return el("button", { type: "button", class: kind, "aria-label": nameOf(user), tabindex: again ? "-1" : undefined, "aria-hidden": again && "true",
    on: { click: (event) => scene.person(user, event.currentTarget) } }, shown);
}

function heading(message, at, clock, scene) {
  const { author } = message;
  const { words, locale } = scene.reader;
  const today = at.toDateString() === new Date(scene.now() * 1000).toDateString();
  const day = today ? "" : `${new Intl.DateTimeFormat(locale, { dateStyle: "short" }).format(at)} `;
  return el("div", { class: "heading" }, who(author, scene, nameOf(author), author.bot ? "name app" : "name"),
    author.bot && el("span", { class: "tag" }, words.app), el("time", { datetime: message.timestamp }, day + clock));
}

/** The line over a message: the command that it answers, or the message. */
function above(message, scene) {
  const { words } = scene.reader;
  if (message.interaction) {
    const { user, name } = message.interaction;
    return el("div", { class: "above" }, face(user), el("b", {}, nameOf(user)), ` ${words.used} `,
      el("span", { class: "mention" }, message.type === 23 ? scene.menuName(name) : `/${scene.commandName(name)}`));
  }
  if (message.type !== REPLY) return null;
  const target = message.referenced_message;
  if (!target || (target.visible_to ?? scene.viewer) !== scene.viewer) return el("div", { class: "above" }, icon("reply"), el("i", {}, words.noReply));
  const said = target.content || target.embeds?.[0]?.title || firstText(target.components) || words.attachment;
  return el("button", { type: "button", class: "above", on: { click: () => scene.reader.goTo(target.channel_id, target.id) } },
    face(target.author), el("b", {}, nameOf(target.author)), " ", el("span", { class: "said" }, brief(said, scene.reader)));
}

function firstText(parts = []) {
  for (const part of parts) {
    const found = part.content ?? firstText(part.components ?? []);
    if (found) return found;
  }
  return "";
}

/** The beginning of a text, without its marks. */
export function brief(text, reader) {
  const named = text.replace(/<@!?(\d+)>/g, (_, id) => `@${reader.nameOf(id)}`);
  return named.replace(/<[@#&!]*\d+>|<t:[^>]+>|[*~`#>|\\]|(?<!\w)_|_(?!\w)|https?:\/\/\S+/g, "").replace(/\s+/g, " ").trim().slice(0, 120);
}

function text(message, scene) {
  const { words } = scene.reader;
  if (message.flags & LOADING) {
    return el("div", { class: "thinking" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), `${words.thinking(nameOf(message.author))}…`);
  }
  if (!message.content) return null;
  const edited = message.edited_timestamp && el("span", { class: "edited", title: message.edited_timestamp }, words.edited);
  const made = el("div", { class: "content" }, markup(message.content, scene.reader));
  if (edited) (made.lastElementChild?.matches(".text") ? made.lastElementChild : made).append(" ", edited);
  return made;
}

function drawEmbed(embed, scene) {
  const { reader } = scene;
  const picture = (part, kind) => part && el("div", { class: kind }, media({ ...part, content_type: part.content_type ?? "image/png" }, {}, scene));
  const foot = [embed.footer?.text, embed.timestamp && new Intl.DateTimeFormat(reader.locale, { dateStyle: "short", timeStyle: "short" }).format(new Date(embed.timestamp))];
  return el("div", { class: "embed", style: { "--accent": hex(embed.color ?? 0x50525d) } }, el("div", { class: "grid" },
    el("div", { class: "main" },
      embed.author && el("div", { class: "by" }, embed.author.url ? link(embed.author.url, embed.author.name, reader) : embed.author.name),
      embed.title && el("div", { class: "title" }, embed.url ? link(embed.url, embed.title, reader) : markup(embed.title, reader)),
      embed.description && markup(embed.description, reader),
      embed.fields?.length > 0 && el("div", { class: "fields" }, embed.fields.map((field) =>
        el("div", { class: field.inline ? "field inline" : "field" }, el("b", {}, markup(field.name, reader)), markup(field.value, reader))))),
    picture(embed.thumbnail, "thumbnail")),
    picture(embed.image, "picture"),
    foot.some(Boolean) && el("div", { class: "footer" }, foot.filter(Boolean).join(" • ")));
}
