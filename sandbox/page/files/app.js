// Puts the page together: who acts, where, in which language; and keeps all of it as the sandbox says it is.

import { Composer } from "./composer.js";
import { localName, menus } from "./commands.js";
import { ownOptions } from "./components.js";
import { act, listen, look, outcome } from "./control.js";
import { el, icon, soon, swap } from "./dom.js";
import { tick } from "./markup.js";
import { brief, drawMessage, face, nameOf } from "./message.js";
import { openModal } from "./modal.js";
import { Panel } from "./panel.js";
import { choose, shut } from "./picker.js";
import { wordsOf } from "./words.js";

const LOCALES = { "en-US": "English", "zh-CN": "中文", "es-ES": "Español" };
const CHAT_INPUT = 1;
const CATEGORY = 4;
const THREADS = [10, 11, 12];
const NEAR = 80; // pixels from the end: who is there stays there when more comes

const page = { bar: document.getElementById("bar"), client: document.getElementById("client"), panel: document.getElementById("panel"), live: document.getElementById("live") };
const kept = new URLSearchParams(location.hash.slice(1));
const state = {
  user: kept.get("user") ?? "ana",
  locale: kept.get("locale") ?? Object.keys(LOCALES).find((each) => each.slice(0, 2) === navigator.language.slice(0, 2)) ?? "en-US",
  channel: kept.get("channel"),
  phone: kept.has("phone"),
  services: !kept.has("alone") && matchMedia("(min-width: 900px)").matches,
  client: null, // what `GET /control/client` says
  everyone: new Map(), // user id → user
  messages: new Map(), // channel id → messages, oldest first
  known: new Set(), // ids of messages that were there
  unread: new Map(), // user id → channel id → {count, mentions}
  dismissed: new Set(),
  notes: new Map(), // message id → what went wrong with a press
  offered: null,
  opening: true, // the place is being asked for and not drawn yet
  ahead: 0, // milliseconds that the sandbox's clock is before ours
  drawn: new Map(), // message id → {element, said}
  modal: null,
};

const words = () => wordsOf(state.locale);
const now = () => (Date.now() + state.ahead) / 1000;
const me = () => state.client.user.id;
const isDirect = (id) => id === state.client.direct;
const places = () => state.client.guilds.flatMap((guild) => guild.channels);
const channel = () => places().find((each) => each.id === state.channel);
const guildOf = (id) => state.client.guilds.find((guild) => guild.channels.some((each) => each.id === id));
const guild = () => guildOf(state.channel) ?? state.client.guilds[0];

function placeName(id) {
  if (isDirect(id)) return nameOf(state.client.bot);
  return places().find((each) => each.id === id)?.name ?? "?";
}

// --- what is drawn with ---------------------------------------------------------------------------------------------

const reader = {
  get words() { return words(); },
  get locale() { return state.locale; },
  nameOf: (id) => (state.everyone.has(id) ? nameOf(state.everyone.get(id)) : id),
  roleOf: (id) => state.client.guilds.flatMap((each) => each.roles).find((role) => role.id === id)?.name ?? id,
  channelOf: placeName,
  goTo,
};

const scene = {
  reader,
  now,
  root: page.client,
  get viewer() { return me(); },
  get roles() { return guild()?.members[me()] ?? []; },
  notes: state.notes,
  here,
  offered: offeredIn,
  commandName: (path) => localName(state.offered ?? [], path, state.locale),
  menuName: (name) => menus(state.offered ?? [], 3, state.locale).find((each) => each.name === name)?.label ?? name,
  of: (message) => ({ ...scene, press: (part, values, made) => press(message, part, values, made) }),
  dismiss,
  menu: messageMenu,
  person: personMenu,
};

/** An address of the sandbox's files as this page reaches it; nothing where it is elsewhere. */
function here(url) {
  if (!URL.canParse(url)) return null;
  const found = new URL(url);
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(found.hostname) && found.port === location.port;
  return local ? found.pathname + found.search : null;
}

/** What a select offers: its own options, or people, roles and channels. */
function offeredIn(part) {
  const given = new Set((part.default_values ?? []).map((each) => each.id));
  const marked = (options) => options.map((option) => ({ ...option, chosen: given.has(option.value) }));
  if (part.type === 3) return ownOptions(part);
  if (part.type === 5) return marked(peopleHere());
  if (part.type === 6) return marked(rolesHere());
  if (part.type === 7) return marked([...peopleHere(), ...rolesHere()]);
  return marked(channelsHere(part.channel_types));
}

function peopleHere() {
  const members = guild()?.members ?? {};
  return [...state.everyone.values()].filter((user) => user.id in members).map((user) => ({ value: user.id, label: nameOf(user), description: user.username, face: face(user) }));
}

function rolesHere() {
  return (guild()?.roles ?? []).map((role) => ({ value: role.id, label: role.name.startsWith("@") ? role.name : `@${role.name}` }));
}

function channelsHere(types) {
  const fits = (each) => (types?.length ? types.includes(each.type) : true);
  return (guild()?.channels ?? []).filter(fits).map((each) => ({ value: each.id, label: each.type === CATEGORY ? each.name : `# ${each.name}` }));
}

// --- what people do -------------------------------------------------------------------------------------------------

async function press(message, part, values, made) {
  made.setAttribute("aria-busy", "true");
  state.notes.delete(message.id);
  try {
    const { interaction_id: id } = await act("component", { user: me(), message_id: message.id, custom_id: part.custom_id, values, locale: state.locale });
    await follow(id, () => note(message, words().failed));
  } catch (error) {
    note(message, error.message);
  } finally {
    const again = [...page.client.querySelectorAll("[aria-busy=true]")].filter((each) => each.dataset.key === part.custom_id);
    for (const each of [made, ...again]) each.removeAttribute("aria-busy");
  }
}

/** See what comes of an interaction: a form is opened, a failure is said. */
async function follow(id, failed) {
  const seen = await outcome(id);
  if (seen.modal) form(id, seen.modal);
  else if (seen.failed) failed();
}

function form(id, modal) {
  state.modal?.();
  state.modal = openModal(modal, {
    scene,
    closed: () => (state.modal = null),
    send: async (fields) => {
      const { interaction_id: sent } = await act("modal", { user: me(), interaction_id: id, fields, locale: state.locale });
      const seen = await outcome(sent);
      if (seen.failed) throw new Error(words().failed);
    },
  });
}

async function command(name, options, target) {
  view.atEnd = true;
  const { interaction_id: id } = await act("command", { user: me(), channel: state.channel, name, options, target, locale: state.locale });
  follow(id, () => toast(words().noAnswer, "bad")).catch((error) => toast(error.message, "bad"));
}

async function complete(name, options, focused) {
  const { interaction_id: id } = await act("autocomplete", { user: me(), channel: state.channel, name, options, focused, locale: state.locale });
  return (await outcome(id)).choices ?? [];
}

function note(message, text) {
  state.notes.set(message.id, text);
  drawMessages();
}

function dismiss(message) {
  state.dismissed.add(message.id);
  drawMessages();
  composer.box?.focus({ preventScroll: true });
}

async function offered() {
  state.offered ??= await look("offered", { user: me(), channel: state.channel }).catch(() => []);
  return state.offered;
}

async function messageMenu(message, anchor) {
  const entries = menus(await offered(), 3, state.locale).map((each) => ({ value: `app:${each.name}`, label: each.label, group: words().apps }));
  const rest = [{ value: "copy", label: words().copy, group: "\u00a0" }];
  if (channel()?.may_delete && message.visible_to === undefined) rest.push({ value: "remove", label: words().remove, group: "\u00a0" });
  choose({
    anchor, root: page.client, words: words(), label: words().actions, options: [...entries, ...rest], search: false,
    done: ([taken]) => {
      const done = taken === "copy" ? navigator.clipboard?.writeText(message.content)
        : taken === "remove" ? act("delete", { user: me(), message_id: message.id })
          : command(taken.slice(4), {}, message.id);
      done?.catch((error) => toast(error.message, "bad"));
    },
  });
}

async function personMenu(user, anchor) {
  const entries = user.bot ? [] : menus(await offered(), 2, state.locale).map((each) => ({ value: `app:${each.name}`, label: each.label, group: words().apps }));
  const known = state.client.people.find((each) => each.id === user.id);
  const about = known ? words()[known.standing] : words().app;
  const first = { value: "act", label: nameOf(user), description: [about, ...(known?.roles ?? [])].join(" · "), face: face(user), group: "" };
  choose({
    anchor, root: page.client, words: words(), label: nameOf(user), options: [first, ...entries], search: false,
    done: ([taken]) => (taken === "act" ? known && become(user.username) : command(taken.slice(4), {}, user.id).catch((error) => toast(error.message, "bad"))),
  });
}

// --- who acts, and where --------------------------------------------------------------------------------------------

function remember() {
  const said = new URLSearchParams({ user: state.user, locale: state.locale });
  if (state.channel) said.set("channel", state.channel);
  if (state.phone) said.set("phone", "");
  if (!state.services) said.set("alone", "");
  history.replaceState(null, "", `#${said}`);
}

async function become(username) {
  shut();
  state.modal?.();
  const direct = state.client && isDirect(state.channel);
  state.user = username;
  state.drawn.clear();
  await meet(direct);
}

/** Look at the world as this person does, and draw all of it. */
async function meet(direct = false) {
  try {
    state.client = await look("client", { user: state.user });
  } catch (error) {
    if (state.user === "ana") throw error;
    state.user = "ana";
    state.client = await look("client", { user: state.user });
  }
  state.ahead = state.client.now * 1000 - Date.now();
  state.everyone = new Map([state.client.bot, ...state.client.people].map((user) => [user.id, user]));
  const there = channel() || isDirect(state.channel);
  if (direct) state.channel = state.client.direct;
  else if (!there || channel()?.type === CATEGORY) state.channel = places().find((each) => each.type !== CATEGORY)?.id ?? state.client.direct;
  await enter(state.channel);
}

async function enter(id) {
  state.opening = true;
  state.channel = id;
  state.offered = null;
  clearUnread(id);
  remember();
  await load(id);
  await offered();
  if (id !== state.channel) return; // another place was chosen meanwhile
  drawBar();
  drawClient();
  catchUp();
}

async function load(id) {
  const found = await look("messages", { channel: id });
  for (const message of found) state.known.add(message.id);
  state.messages.set(id, found);
}

async function goTo(id, message) {
  if (!places().some((each) => each.id === id) && !isDirect(id)) return toast(words().nothing);
  if (id !== state.channel) await enter(id);
  const found = message && page.client.querySelector(`[data-id="${CSS.escape(message)}"]`);
  page.client.classList.remove("nav");
  if (!found) return undefined;
  found.scrollIntoView({ block: "center" });
  found.classList.add("found");
  setTimeout(() => found.classList.remove("found"), 2000);
  return found.focus({ preventScroll: true });
}

// --- what is heard --------------------------------------------------------------------------------------------------

const missed = []; // heard before the place that is being opened was drawn, whose messages may have been asked for earlier

/** Do what is heard, but not while a place is being opened. */
function inPlace(call) {
  return (told) => (state.opening ? missed.push(() => call(told)) : call(told));
}

function catchUp() {
  state.opening = false;
  for (const call of missed.splice(0)) call();
}

function heard({ channel_id: id, message }) {
  const fresh = !state.known.has(message.id);
  state.known.add(message.id);
  const all = state.messages.get(id);
  if (all) {
    const at = all.findIndex((each) => each.id === message.id);
    if (at < 0) all.push(message);
    else all[at] = message;
    for (const each of all) if (each.referenced_message?.id === message.id) each.referenced_message = message;
  }
  if (id === state.channel) drawMessages();
  if (fresh) notify(id, message);
  refreshPanel();
}

function gone({ channel_id: id, id: message }) {
  const all = state.messages.get(id);
  if (all) state.messages.set(id, all.filter((each) => each.id !== message));
  if (id === state.channel) drawMessages();
}

/** Count a new message for everybody who has not read it, and say so to the one who looks. */
function notify(id, message) {
  const owner = state.client.people.find((each) => each.direct === id);
  for (const user of state.client.people) {
    const looking = user.id === me() && id === state.channel;
    const seen = owner ? owner.id === user.id : (message.visible_to ?? user.id) === user.id;
    if (!seen || looking || message.author.id === user.id || message.visible_to !== undefined) continue;
    const mentioned = Boolean(owner) || message.mentions.some((each) => each.id === user.id);
    const places_ = state.unread.get(user.id) ?? state.unread.set(user.id, new Map()).get(user.id);
    const count = places_.get(id) ?? { count: 0, mentions: 0 };
    places_.set(id, { count: count.count + 1, mentions: count.mentions + Number(mentioned) });
    if (user.id === me() && mentioned) {
      const who = nameOf(message.author);
      toast(owner ? words().wrote(who) : words().mentioned(who, `#${placeName(id)}`), "", brief(message.content || message.embeds[0]?.title || "", reader), () => goTo(id, message.id));
    }
  }
  if (id === state.channel && (message.visible_to ?? me()) === me() && message.author.id !== me()) {
    page.live.textContent = `${nameOf(message.author)}: ${brief(message.content || message.embeds[0]?.title || words().attachment, reader)}`;
  }
  drawBar();
  drawNavigation();
}

function clearUnread(id) {
  state.unread.get(me())?.delete(id);
}

function mentionsOf(user) {
  return [...(state.unread.get(user)?.values() ?? [])].reduce((sum, each) => sum + each.mentions, 0);
}

const changedWorld = soon(async () => {
  state.client = await look("client", { user: state.user }).catch(() => state.client);
  state.ahead = state.client.now * 1000 - Date.now();
  state.everyone = new Map([state.client.bot, ...state.client.people].map((user) => [user.id, user]));
  state.offered = null;
  if (!channel() && !isDirect(state.channel)) return meet();
  await offered();
  drawBar();
  drawNavigation();
  drawHeading();
  drawMessages();
  composer.refresh();
  return refreshPanel();
}, 120);

const refreshPanel = soon(() => state.services && panel.refresh().catch(() => {}), 150);

// --- drawing --------------------------------------------------------------------------------------------------------

function drawBar() {
  const others = state.client.people.filter((user) => user.id !== me()).reduce((sum, user) => sum + mentionsOf(user.id), 0);
  const mine = state.client.people.find((user) => user.id === me());
  const focused = document.activeElement?.closest("#bar") ? document.activeElement.dataset.key : undefined;
  const toggle = (name, on, click) => el("button", { type: "button", class: `toggle ${name}`, "aria-pressed": String(on), "aria-label": words()[name], data: { key: name }, on: { click } }, icon(name === "phone" ? "phone" : "panel"), el("span", {}, words()[name]));
  page.bar.replaceChildren(
    el("div", { class: "brand" }, el("span", { class: `dot ${state.client.connected ? "on" : ""}` }), el("span", { class: "said" }, words()[state.client.connected ? "online" : "offline"])),
    el("button", { type: "button", class: "who", "aria-haspopup": "listbox", "aria-label": `${words().actingAs}: ${nameOf(mine)}, ${words()[mine.standing]}`, data: { key: "who" }, on: { click: (event) => pickPerson(event.currentTarget) } },
      face(mine), el("span", { class: "said" }, el("b", {}, nameOf(mine)), el("small", {}, words()[mine.standing])), others > 0 && el("span", { class: "badge" }, String(others)), icon("down")),
    el("div", { class: "segments", role: "group", "aria-label": words().language }, Object.entries(LOCALES).map(([locale, name]) => el("button", {
      type: "button", lang: locale, "aria-pressed": String(locale === state.locale), data: { key: locale }, on: { click: () => speak(locale) },
    }, name))),
    el("span", { class: "space" }),
    toggle("phone", state.phone, () => ((state.phone = !state.phone), arrange())),
    toggle("services", state.services, () => ((state.services = !state.services), arrange(), refreshPanel())));
  if (focused) [...page.bar.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus({ preventScroll: true });
}

function pickPerson(anchor) {
  const order = { owner: 0, admin: 1, moderator: 2, member: 3, stranger: 4 };
  const people = [...state.client.people].sort((one, other) => order[one.standing] - order[other.standing]);
  choose({
    anchor, root: document.body, words: words(), label: words().actingAs,
    options: people.map((user) => ({
      value: user.username, label: nameOf(user), face: face(user), chosen: user.id === me(),
      description: [words()[user.standing], ...user.roles, mentionsOf(user.id) ? words().mentions(mentionsOf(user.id)) : ""].filter(Boolean).join(" · "),
    })),
    done: ([username]) => become(username),
  });
}

function speak(locale) {
  state.locale = locale;
  state.drawn.clear();
  remember();
  arrange();
  drawClient();
  panel.draw();
}

/** Show or hide the phone's frame and the services. */
function arrange() {
  document.documentElement.lang = state.locale;
  document.body.classList.toggle("phone", state.phone);
  document.body.classList.toggle("services", state.services);
  page.panel.setAttribute("aria-label", words().services);
  remember();
  drawBar();
}

const view = {};
let composer;

function drawClient() {
  shut();
  view.navigation = el("nav", { class: "navigation", "aria-label": words().channels });
  view.heading = el("header", { class: "place" });
  view.messages = el("div", { class: "messages", role: "log", "aria-live": "off", tabindex: "0", "aria-label": placeName(state.channel) });
  view.list = el("div", { class: "list" });
  view.messages.append(view.list);
  view.messages.addEventListener("scroll", () => (view.atEnd = nearEnd()));
  view.atEnd = true;
  new ResizeObserver(stay).observe(view.list);
  state.drawn.clear();
  composer = new Composer(composing);
  const forms = page.client.querySelectorAll(".veil");
  page.client.replaceChildren(view.navigation, el("section", { class: "chat" }, view.heading, view.messages, composer.element), ...forms);
  drawNavigation();
  drawHeading();
  drawMessages();
}

function drawNavigation() {
  const focused = view.navigation.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const unread = state.unread.get(me()) ?? new Map();
  const entry = (id, name, sign, indent = false) => {
    const { count, mentions } = unread.get(id) ?? { count: 0, mentions: 0 };
    return el("button", {
      type: "button", class: ["place-link", indent ? "indent" : "", count ? "unread" : ""].join(" "), "aria-current": id === state.channel ? "page" : undefined, data: { key: `place:${id}` },
      on: { click: () => (page.client.classList.remove("nav"), enter(id)) },
    }, icon(sign), el("span", {}, name), count > 0 && el("span", { class: "unseen" }, words().unread), mentions > 0 && el("span", { class: "badge" }, String(mentions)));
  };
  const below = (parent, all) => all.filter((each) => each.type !== CATEGORY && (each.parent_id ?? null) === parent && !THREADS.includes(each.type))
    .flatMap((each) => [entry(each.id, each.name, "hash"), ...all.filter((thread) => THREADS.includes(thread.type) && thread.parent_id === each.id).map((thread) => entry(thread.id, thread.name, "thread", true))]);
  view.navigation.replaceChildren(
    ...state.client.guilds.map((each) => el("div", { class: "server" }, el("h2", {}, each.name), below(null, each.channels),
      each.channels.filter((part) => part.type === CATEGORY).map((part) => [el("h3", {}, part.name), below(part.id, each.channels)]))),
    el("div", { class: "server" }, el("h2", {}, words().direct), entry(state.client.direct, nameOf(state.client.bot), "at")));
  if (focused) [...view.navigation.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus({ preventScroll: true });
}

function drawHeading() {
  const topic = channel()?.topic;
  view.heading.replaceChildren(
    el("button", { type: "button", class: "plain burger", "aria-label": words().menu, on: { click: () => page.client.classList.toggle("nav") } }, icon("menu")),
    icon(isDirect(state.channel) ? "at" : THREADS.includes(channel()?.type) ? "thread" : "hash"), el("h1", {}, placeName(state.channel)), el("span", { class: "topic", hidden: !topic }, topic ?? ""));
}

/** Draw what has changed; what has not stays as it is. */
function drawMessages() {
  const box = view.messages;
  const all = (state.messages.get(state.channel) ?? []).filter((each) => (each.visible_to ?? me()) === me() && !state.dismissed.has(each.id));
  const drawn = new Map();
  let before = null;
  let last = null;
  for (const message of all) {
    const said = JSON.stringify([message, before && [before.id, before.author.id], state.notes.get(message.id)]);
    const old = state.drawn.get(message.id);
    let element = old?.element;
    if (old?.said !== said) {
      element = drawMessage(message, before, scene);
      if (old) swap(old.element, element);
    }
    const next = last ? last.nextSibling : view.list.firstChild;
    if (next !== element) view.list.insertBefore(element, next);
    drawn.set(message.id, { element, said });
    [before, last] = [message, element];
  }
  const lost = [...state.drawn].filter(([id]) => !drawn.has(id)).map(([, { element }]) => element);
  if (lost.some((element) => element.contains(document.activeElement))) box.focus({ preventScroll: true });
  for (const element of lost) element.remove();
  state.drawn = drawn;
  if (!all.length) view.list.replaceChildren(drawBeginning());
  else view.list.querySelector(".beginning")?.remove();
  tick(view.list, now());
  stay();
}

/** What stands where nobody has written yet; with how to begin, for those who are offered a command there. */
function drawBeginning() {
  const start = words().beginning(isDirect(state.channel) ? nameOf(state.client.bot) : `#${placeName(state.channel)}`);
  const commands = (state.offered ?? []).some((each) => each.type === CHAT_INPUT);
  return el("p", { class: "beginning" }, start, commands && el("b", {}, words().begin));
}

function nearEnd() {
  const box = view.messages;
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
}

/** Who is at the end stays there. */
function stay() {
  if (view.atEnd) view.messages.scrollTop = view.messages.scrollHeight;
}

const composing = {
  words,
  locale: () => state.locale,
  place: () => {
    const direct = isDirect(state.channel);
    return { name: direct ? `@${nameOf(state.client.bot)}` : `#${placeName(state.channel)}`, writable: direct || Boolean(channel()?.may_write), usable: true };
  },
  offered,
  people: peopleHere,
  roles: rolesHere,
  channels: channelsHere,
  command,
  complete,
  say: (content) => ((view.atEnd = true), act("messages", { user: me(), channel: state.channel, content })),
};

/** Say something in passing; with `go` it leads somewhere. */
function toast(text, kind = "", more = "", go = null) {
  const box = page.client.querySelector(".toasts") ?? page.client.appendChild(el("div", { class: "toasts", role: "status" }));
  const made = el("div", { class: `toast ${kind}` },
    el(go ? "button" : "div", { type: go ? "button" : undefined, class: "plain", on: go ? { click: () => (made.remove(), go()) } : {} }, el("b", {}, text), more && el("span", {}, more)),
    el("button", { type: "button", class: "plain", "aria-label": words().close, on: { click: () => made.remove() } }, icon("close")));
  box.append(made);
  setTimeout(() => made.remove(), 8000);
}

const panel = new Panel(page.panel, {
  get words() { return words(); },
  get locale() { return state.locale; },
  now,
  clock: (at) => (state.ahead = at * 1000 - Date.now()),
  person: reader.nameOf,
  server: (id) => state.client.guilds.find((each) => each.id === id)?.name ?? id,
});

async function begin() {
  document.body.classList.remove("lost");
  state.drawn.clear();
  state.messages.clear();
  await meet(state.client ? isDirect(state.channel) : false);
  arrange();
  refreshPanel();
}

setInterval(() => view.list && (tick(view.list, now()), panel.tick()), 1000);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") page.client.classList.remove("nav");
});
listen({
  changed: {
    message: inPlace(heard),
    gone: inPlace(gone),
    world: changedWorld,
    commands: () => ((state.offered = null), changedWorld()),
    tasks: refreshPanel,
    faults: refreshPanel,
  },
  began: () => begin(),
  lost: () => {
    document.body.classList.add("lost");
    document.body.dataset.lost = words().lost;
  },
});
