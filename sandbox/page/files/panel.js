// The side of the video services: their tasks, what they billed, the bot's books, trouble to make, and the clock.

import { el } from "./dom.js";
import { act, look } from "./control.js";
import { faultIn } from "./words.js";

const STEPS = [["minute", 60], ["quarter", 900], ["hour", 3600], ["day", 86400]];
const STATES = { succeed: "good", succeeded: "good", completed: "good", success: "good", failed: "bad" };

/** Builds the panel; `scene` has the words, the locale and the clock. */
export class Panel {
  constructor(element, scene) {
    this.element = element;
    this.scene = scene;
    this.tab = "tasks";
    this.target = "kirin";
    this.open = new Set();
    this.seen = { tasks: [], bill: {}, faults: { waiting: [], kinds: {} }, books: null, now: 0 };
  }

  /** Look at everything again, and draw it. */
  async refresh() {
    const [tasks, bill, faults, books, state] = await Promise.all(["tasks", "bill", "faults", "books", "state"].map((what) => look(what)));
    this.seen = { tasks, bill, faults, books, now: state.now };
    this.scene.clock(state.now);
    this.draw();
  }

  draw() {
    const { words } = this.scene;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const scrolled = this.element.querySelector(".sheet-body")?.scrollTop ?? 0;
    const tabs = ["tasks", "faults", "money", "clock"].map((name) => el("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === this.tab), "aria-controls": "tab-body",
      tabindex: name === this.tab ? "0" : "-1", data: { key: `tab:${name}` }, on: { click: () => this.go(name), keydown: (event) => this.keys(event) },
    }, words[name], name === "tasks" && this.seen.tasks.length > 0 && el("span", { class: "count" }, String(this.seen.tasks.length)),
    name === "faults" && this.seen.faults.waiting.length > 0 && el("span", { class: "count bad" }, String(this.seen.faults.waiting.length))));
    this.element.replaceChildren(
      el("div", { class: "tabs", role: "tablist", "aria-label": words.services }, tabs),
      el("div", { class: "sheet-body", role: "tabpanel", id: "tab-body", "aria-labelledby": `tab-${this.tab}`, tabindex: "0" }, this[this.tab]()),
    );
    this.element.querySelector(".sheet-body").scrollTop = scrolled;
    if (focused) [...this.element.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus({ preventScroll: true });
  }

  go(name) {
    this.tab = name;
    this.draw();
  }

  keys(event) {
    const order = ["tasks", "faults", "money", "clock"];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.go(order[(order.indexOf(this.tab) + step + order.length) % order.length]);
    this.element.querySelector(`#tab-${this.tab}`).focus();
  }

  tasks() {
    const { words } = this.scene;
    if (!this.seen.tasks.length) return el("p", { class: "faint" }, words.noTasks);
    return this.seen.tasks.toReversed().map((task) => {
      const state = STATES[task.status] ?? "busy";
      const made = el("details", { class: "task", open: this.open.has(task.id), on: { toggle: () => (made.open ? this.open.add(task.id) : this.open.delete(task.id)) } },
        el("summary", { data: { key: `task:${task.id}` } },
          el("span", { class: `state ${state}` }, task.status), el("b", {}, task.provider), el("span", { class: "asked" }, asked(task.request)),
          task.billed && el("span", { class: "cost" }, `$${task.cost}`)),
        el("dl", {}, [["id", task.id], ["external id", task.external_id]].map(([name, value]) => value && [el("dt", {}, name), el("dd", {}, value)])),
        task.error && el("p", { class: "note failed" }, `${task.error.code}: ${task.error.message}`),
        el("h2", {}, words.body), json(task.request),
        task.callbacks.length > 0 && [el("h2", {}, words.callbacks), json(task.callbacks)]);
      return made;
    });
  }

  faults() {
    const { words, locale } = this.scene;
    const { kinds, waiting } = this.seen.faults;
    return [
      el("p", { class: "faint" }, words.faultHint),
      el("div", { class: "segments", role: "group" }, Object.keys(kinds).map((target) => el("button", {
        type: "button", "aria-pressed": String(target === this.target), data: { key: `target:${target}` }, on: { click: () => ((this.target = target), this.draw()) },
      }, target, waiting.some((fault) => fault.target === target) && el("span", { class: "count bad" }, String(waiting.filter((fault) => fault.target === target).length))))),
      el("div", { class: "faults" }, (kinds[this.target] ?? []).map((kind) => {
        const here = waiting.filter((fault) => fault.target === this.target && fault.kind === kind);
        const count = here.reduce((sum, fault) => sum + fault.count, 0);
        const give = () => act("faults", { target: this.target, kind, count: count ? 0 : 1 });
        return el("button", { type: "button", class: "fault", "aria-pressed": String(count > 0), data: { key: `fault:${kind}` }, on: { click: give } },
          el("code", {}, kind), el("span", {}, faultIn(locale, kind)), count > 0 && el("span", { class: "count bad" }, words.waiting(count)));
      })),
    ];
  }

  money() {
    const { words } = this.scene;
    const { bill, books } = this.seen;
    const rows = Object.entries(bill).map(([name, cost]) => [name === "total" ? words.total : name, `$${cost}`]);
    return [el("h2", {}, words.bill), table(null, rows), el("h2", {}, words.books), ...(books ? this.books(books) : [el("p", { class: "faint" }, words.noBooks)])];
  }

  books(books) {
    const { words } = this.scene;
    const wrong = books.mismatched;
    const verdict = wrong.length ? el("p", { class: "note failed" }, words.unbalanced, wrong.map((each) => this.account(each))) : el("p", { class: "note good" }, "✓ ", words.balanced);
    const sums = [[words.videos, String(books.videos)], [`${words.settled} (${words.credits})`, String(books.credits)], ["USD", `$${books.usd}`]];
    const head = [words.account, words.held, words.settled, words.left];
    const rows = books.accounts.map((each) => [this.account(each), each.held, each.settled, each.left]);
    return [verdict, table(null, sums), rows.length > 0 && el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": words.account }, table(head, rows))];
  }

  /** Whose account it is, where and when; on second sight how the bot calls it. */
  account({ owner, kind, name, guild, period }) {
    const { words, person, server } = this.scene;
    const whose = { user: () => person(name), extra: () => words.given(person(name)), pool: () => words.pool(name), guild: () => words.together, budget: () => (guild ? words.budget : words.wholeBudget) };
    const where = guild ? server(guild) : kind === "budget" ? "" : words.direct;
    return el("span", { title: `${owner} ${period}` }, whose[kind]?.() ?? owner, el("small", {}, [where, period].filter(Boolean).join(" · ")));
  }

  clock() {
    const { words, locale } = this.scene;
    const now = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(this.scene.now() * 1000);
    return [
      el("h2", {}, words.now), el("p", { class: "now" }, now), el("h2", {}, words.ahead),
      el("div", { class: "segments" }, STEPS.map(([name, seconds]) => el("button", { type: "button", data: { key: name }, on: { click: () => act("clock", { advance: seconds }) } }, `+ ${words[name]}`))),
      el("p", { class: "faint" }, words.clockHint),
    ];
  }

  /** Let the clock go on, while it is looked at. */
  tick() {
    const shown = this.tab === "clock" && this.element.querySelector(".now");
    if (shown) shown.textContent = new Intl.DateTimeFormat(this.scene.locale, { dateStyle: "medium", timeStyle: "medium" }).format(this.scene.now() * 1000);
  }
}

function json(value) {
  return el("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));
}

// The first text of a request that is a prompt.
function asked(request) {
  const found = [];
  JSON.stringify(request, (key, value) => {
    if (key === "prompt" && typeof value === "string" && value) found.push(value);
    return value;
  });
  return found[0] ?? "";
}

function table(head, rows) {
  return el("table", {}, head && el("thead", {}, el("tr", {}, head.map((cell) => el("th", { scope: "col" }, cell)))),
    el("tbody", {}, rows.map(([first, ...rest]) => el("tr", {}, el("th", { scope: "row" }, first), rest.map((cell) => el("td", {}, String(cell)))))));
}
