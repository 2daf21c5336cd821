// The message box. A `/` lists the bot's commands; a chosen one turns the box into fields, one for each option.

import { choices, fitting, typed } from "./commands.js";
import { el, fileContent, icon, soon } from "./dom.js";

const BOOLEAN = 5;
const USER = 6;
const CHANNEL = 7;
const ROLE = 8;
const MENTIONABLE = 9;
const ATTACHMENT = 11;

/** Builds the box once; `scene` gives what is offered and does what is typed. */
export class Composer {
  constructor(scene) {
    this.scene = scene;
    this.element = el("form", { class: "composer", on: { submit: (event) => (event.preventDefault(), this.submit()), keydown: (event) => this.keys(event) } });
    this.list = el("ul", { role: "listbox", class: "suggestions", id: "suggestions" });
    this.rows = [];
    this.at = 0;
    this.command = null;
    this.clear();
  }

  get words() {
    return this.scene.words();
  }

  /** Draw the empty box again: for another channel, person or language. */
  clear() {
    this.command = null;
    this.hide();
    const place = this.scene.place();
    this.box = el("textarea", {
      rows: "1", placeholder: place.writable ? this.words.message(place.name) : this.words.mayNotWrite, "aria-label": this.words.message(place.name),
      disabled: !place.usable, role: "combobox", "aria-controls": "suggestions", "aria-expanded": "false", "aria-autocomplete": "list",
      data: { key: "composer" }, on: { input: () => this.typing() },
    });
    this.error = el("p", { class: "note failed", role: "alert" });
    const send = el("button", { type: "submit", class: "plain", "aria-label": this.words.send, disabled: !place.usable }, icon("send"));
    const slash = el("button", { type: "button", class: "slash", "aria-label": this.words.commands, disabled: !place.usable, on: { click: () => this.begin() } }, "/");
    this.element.replaceChildren(this.list, this.error, el("div", { class: "box" }, slash, this.box, send));
  }

  /** Draw anew what is offered, unless somebody is in the middle of a command. */
  refresh() {
    if (this.command || this.box.value) return;
    const focused = document.activeElement === this.box;
    this.clear();
    if (focused) this.box.focus();
  }

  begin() {
    if (this.command) this.clear();
    this.box.value = "/";
    this.box.focus();
    this.typing();
  }

  async typing() {
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${this.box.scrollHeight}px`);
    this.error.textContent = "";
    if (!this.box.value.startsWith("/")) return this.hide();
    const all = typed(await this.scene.offered(), this.scene.locale());
    if (!this.box.value.startsWith("/") || this.command) return;
    const found = fitting(all, this.box.value.slice(1));
    this.show(this.box, found.map((command) => ({ label: `/${command.name}`, description: command.description, take: () => this.start(command) })), this.words.noCommand);
  }

  /** Turn the box into the fields of a command; what is required is there at once. */
  start(command) {
    this.command = command;
    this.values = new Map();
    this.fields = el("div", { class: "fields" });
    const head = el("div", { class: "command" }, el("b", {}, `/${command.name}`), el("span", {}, command.description),
      el("button", { type: "button", class: "plain", "aria-label": this.words.cancel, on: { click: () => (this.clear(), this.box.focus()) } }, icon("close")));
    this.hint = el("p", { class: "option-hint", "aria-live": "polite" });
    const send = el("button", { type: "submit", class: "plain", "aria-label": this.words.send }, icon("send"));
    this.more = el("input", {
      class: "more", type: "text", autocomplete: "off", role: "combobox", "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list",
      "aria-label": this.words.options, data: { key: "more" },
      on: { input: () => this.offerMore(), focus: () => this.offerMore(), click: () => this.offerMore(), keydown: (event) => event.key === "Backspace" && !this.more.value && (event.preventDefault(), this.back()) },
    });
    this.fields.append(this.more);
    this.element.replaceChildren(this.list, this.error, head, this.hint, el("div", { class: "box" }, this.fields, send));
    this.hide();
    for (const option of command.options.filter((each) => each.required)) this.add(option);
    this.count();
    const first = this.fields.querySelector("input");
    (first.hidden ? send : first).focus();
  }

  left() {
    return this.command.options.filter((option) => !this.values.has(option.name));
  }

  count() {
    const left = this.left().length;
    this.more.hidden = left === 0;
    this.more.placeholder = this.words.more(left);
  }

  /** List the options that are left; Enter sends the command until one of them is chosen. */
  offerMore() {
    const text = this.more.value.toLowerCase();
    const found = this.left().filter((option) => option.shown.name.toLowerCase().includes(text) || option.name.includes(text));
    const exact = (option) => Number([option.shown.name.toLowerCase(), option.name].includes(text));
    found.sort((one, other) => exact(other) - exact(one)); // "mode" before "model"
    this.hint.textContent = this.words.options;
    this.show(this.more, found.map((option) => ({ label: option.shown.name, description: option.shown.description, take: () => this.add(option, true) })), "", text ? 0 : -1);
  }

  /** Take the last option away again; without one, the command. */
  back() {
    const last = [...this.values.values()].at(-1);
    if (!last) return (this.clear(), this.box.focus());
    return last.option.required ? last.field.querySelector("input").focus() : this.remove(last.option);
  }

  add(option, focus = false) {
    const field = option.type === ATTACHMENT ? this.fileField(option) : this.textField(option);
    this.values.set(option.name, { option, value: undefined, field });
    this.more.value = "";
    this.more.before(field);
    this.count();
    this.hide();
    if (focus) field.querySelector("input").focus();
  }

  remove(option) {
    const { field } = this.values.get(option.name);
    const before = field.previousElementSibling?.querySelector("input") ?? this.more;
    field.remove();
    this.values.delete(option.name);
    this.count();
    before.focus();
  }

  label(option, input) {
    const id = `option-${option.name}`;
    input.id = id;
    input.dataset.key = id;
    return el("span", { class: "option" }, el("label", { for: id }, option.shown.name), input);
  }

  textField(option) {
    const input = el("input", {
      type: "text", autocomplete: "off", role: "combobox", "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list",
      "aria-required": Boolean(option.required), inputmode: option.type === 4 ? "numeric" : option.type === 10 ? "decimal" : undefined,
      on: {
        input: () => ((this.values.get(option.name).value = input.value), this.suggest(option, input)),
        focus: () => ((this.hint.textContent = option.shown.description), this.suggest(option, input)),
        keydown: (event) => event.key === "Backspace" && input.value === "" && !option.required && (event.preventDefault(), this.remove(option)),
      },
    });
    return this.label(option, input);
  }

  fileField(option) {
    const input = el("input", { type: "file", on: { change: () => (this.values.get(option.name).value = input.files[0]), focus: () => (this.hide(), (this.hint.textContent = option.shown.description)) } });
    return this.label(option, input);
  }

  /** List what may be chosen for an option, by what is typed so far. */
  async suggest(option, input) {
    const text = input.value.toLowerCase();
    if (option.autocomplete) return this.complete(option, input);
    const all = this.possible(option);
    if (!all) return this.hide();
    const found = all.filter((each) => each.label.toLowerCase().includes(text));
    return this.show(input, (found.length ? found : all).map((each) => ({ ...each, take: () => this.fill(option, input, each) })));
  }

  possible(option) {
    if (option.choices) return option.choices;
    if (option.type === BOOLEAN) return [{ value: true, label: this.words.yes }, { value: false, label: this.words.no }];
    if (option.type === USER) return this.scene.people();
    if (option.type === ROLE) return this.scene.roles();
    if (option.type === MENTIONABLE) return [...this.scene.people(), ...this.scene.roles()];
    if (option.type === CHANNEL) return this.scene.channels(option.channel_types);
    return null;
  }

  complete = (option, input) => {
    this.asking ??= soon(() => this.ask(), 150);
    this.asked = { option, input };
    this.asking();
  };

  async ask() {
    const { option, input } = this.asked;
    const command = this.command;
    if (!command || document.activeElement !== input) return;
    const options = { ...this.given(), [option.name]: input.value };
    const offered = await this.scene.complete(command.path, options, option.name).catch(() => []);
    if (this.command !== command || document.activeElement !== input) return;
    this.show(input, (choices(offered, this.scene.locale()) ?? []).map((each) => ({ ...each, take: () => this.fill(option, input, each) })));
  }

  fill(option, input, each) {
    input.value = each.label;
    this.values.get(option.name).value = each.value;
    this.hide();
    const next = [...this.fields.querySelectorAll("input")].find((other) => other.value === "" && other !== input && !other.hidden);
    (next ?? input).focus();
    if (!next) this.hide();
  }

  /** What is filled in, files left out. */
  given() {
    const filled = [...this.values].filter(([, { value }]) => value !== undefined && value !== "" && !(value instanceof File));
    return Object.fromEntries(filled.map(([name, { option, value, field }]) => [name, this.chosen(option, value, field.querySelector("input").value)]));
  }

  /** What was typed in full instead of being taken from the list counts as taken. */
  chosen(option, value, text) {
    return this.possible(option)?.find((each) => each.value === value || each.label.toLowerCase() === String(text).toLowerCase())?.value ?? value;
  }

  async submit() {
    this.error.textContent = "";
    if (!this.command) return this.say();
    const missing = [...this.values.values()].find(({ option, value }) => option.required && (value === undefined || value === ""));
    if (missing) {
      this.error.textContent = this.words.missing(missing.option.shown.name);
      return missing.field.querySelector("input").focus();
    }
    try {
      const options = this.given();
      for (const [name, { value }] of this.values) if (value instanceof File) options[name] = await fileContent(value);
      await this.scene.command(this.command.path, options);
    } catch (error) {
      this.error.textContent = error.message;
      return undefined;
    }
    this.clear();
    return this.box.focus();
  }

  async say() {
    const text = this.box.value.trim();
    if (!text || this.rows.length) return;
    this.clear(); // at once: the next may be typed before this one is there
    this.box.focus();
    try {
      await this.scene.say(text);
    } catch (error) {
      this.box.value ||= text;
      this.error.textContent = error.message;
    }
  }

  show(field, rows, nothing, at = 0) {
    this.field = field;
    this.rows = rows;
    this.at = at;
    this.list.replaceChildren(...rows.map((row, index) => el("li", {
      role: "option", id: `suggestion-${index}`, "aria-selected": String(index === at), class: index === at ? "active" : "",
      on: { mousedown: (event) => (event.preventDefault(), row.take()), mousemove: () => this.move(index, false) },
    }, row.face, el("b", {}, row.label), row.description && el("small", {}, row.description))));
    if (!rows.length && nothing) this.list.append(el("li", { class: "nothing", role: "presentation" }, nothing));
    this.list.hidden = !rows.length && !nothing;
    field.setAttribute("aria-expanded", String(rows.length > 0));
    if (rows.length && at === 0) field.setAttribute("aria-activedescendant", "suggestion-0");
    else field.removeAttribute("aria-activedescendant");
    this.list.scrollTop = 0;
  }

  hide() {
    this.rows = [];
    this.list.hidden = true;
    this.field?.setAttribute("aria-expanded", "false");
    this.field?.removeAttribute("aria-activedescendant");
  }

  move(index, follow = true) {
    this.at = this.at < 0 && index < -1 ? this.rows.length - 1 : (index + this.rows.length) % this.rows.length;
    for (const [number, row] of [...this.list.children].entries()) {
      row.classList.toggle("active", number === this.at);
      row.setAttribute("aria-selected", String(number === this.at));
    }
    this.field.setAttribute("aria-activedescendant", `suggestion-${this.at}`);
    if (follow) this.list.children[this.at].scrollIntoView({ block: "nearest" });
  }

  keys(event) {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (this.rows.length && event.key in steps) this.move(this.at + steps[event.key]);
    else if (this.rows.length && (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && event.target === this.field && this.at >= 0) this.rows[this.at].take();
    else if (event.key === "Escape" && !this.list.hidden) this.hide();
    else if (event.key === "Escape" && this.command) (this.clear(), this.box.focus());
    else if (event.key === "Enter" && !event.shiftKey && event.target.matches("input, textarea")) this.submit();
    else return;
    event.preventDefault();
  }
}
