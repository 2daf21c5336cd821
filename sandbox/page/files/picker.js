// A list to choose from, which opens at what was pressed: for selects, menus and people. Works with keys alone.

import { el, icon } from "./dom.js";

let open = null;

/** Shut the list that is open, if one is. */
export function shut() {
  open?.close(false);
}

/** Put a box beside an element, inside the client, wherever there is room for it. */
export function beside(box, anchor, root) {
  const outer = root.getBoundingClientRect();
  const place = anchor.getBoundingClientRect();
  const narrow = outer.width < 600;
  box.classList.toggle("sheet", narrow);
  root.append(box);
  if (narrow) return;
  const width = Math.max(place.width, 260);
  box.style.setProperty("min-width", `${Math.min(width, outer.width - 24)}px`);
  const tall = box.offsetHeight;
  const below = outer.bottom - place.bottom;
  const top = below > tall + 12 || below > place.top - outer.top ? place.bottom + 4 : place.top - 4 - tall;
  const left = Math.min(place.left, outer.right - box.offsetWidth - 12);
  box.style.setProperty("top", `${Math.max(outer.top + 8, Math.min(top, outer.bottom - tall - 8)) - outer.top}px`);
  box.style.setProperty("left", `${Math.max(left - outer.left, 12)}px`);
}

/**
 * Choose among `options` ({value, label, description, sign, face, chosen, group}); `done` gets the values.
 * One is taken at once; several (`most` > 1) when the list is shut. Escape takes nothing.
 */
export function choose({ anchor, root, words, label, options, least = 1, most = 1, search = options.length > 8, done }) {
  shut();
  const several = most > 1 || least === 0;
  const taken = new Set(options.filter((option) => option.chosen).map((option) => option.value));
  let shown = options;
  let at = Math.max(0, options.findIndex((option) => option.chosen));

  const list = el("ul", { role: "listbox", id: "picker-list", "aria-label": label, "aria-multiselectable": several });
  const field = el("input", {
    class: search ? "search" : "unseen", type: "text", placeholder: words.search, role: "combobox", "aria-expanded": "true",
    "aria-controls": "picker-list", "aria-label": label, "aria-autocomplete": "list", autocomplete: "off", readonly: !search,
    on: { input: () => filter(field.value) },
  });
  const ready = () => taken.size >= least && taken.size <= most;
  const finish = several && el("button", { type: "button", class: "button primary", on: { click: () => close(true) } }, words.done);
  const box = el("div", { class: "picker", on: { keydown: keys } }, field, list, finish && el("div", { class: "picker-end" }, finish));

  function draw() {
    let group;
    const rows = shown.map((option, index) => {
      const heading = option.group !== group && option.group;
      group = option.group;
      const row = el("li", {
        role: "option", id: `picker-${index}`, "aria-selected": String(taken.has(option.value)),
        class: index === at ? "active" : "", on: { click: () => take(index), mousemove: () => move(index, false) },
      },
        option.face, option.sign && el("span", { class: "sign" }, option.sign),
        el("span", { class: "said" }, el("b", {}, option.label), option.description && el("small", {}, option.description)),
        several && el("span", { class: "tick" }, taken.has(option.value) && icon("check")),
        !several && taken.has(option.value) && icon("check"));
      return [heading && el("li", { class: "group", role: "presentation" }, heading), row];
    });
    list.replaceChildren(...rows.flat().filter(Boolean));
    if (!shown.length) list.append(el("li", { class: "nothing", role: "presentation" }, words.nothing));
    field.setAttribute("aria-activedescendant", shown.length ? `picker-${at}` : "");
    if (finish) finish.disabled = !ready();
  }

  function move(index, follow = true) {
    if (index === at || !shown.length) return;
    at = (index + shown.length) % shown.length;
    for (const [number, row] of list.querySelectorAll("[role=option]").entries()) row.classList.toggle("active", number === at);
    field.setAttribute("aria-activedescendant", `picker-${at}`);
    if (follow) list.querySelector(".active")?.scrollIntoView({ block: "nearest" });
  }

  function take(index) {
    const option = shown[index];
    if (!option) return;
    if (!several) {
      taken.clear();
      taken.add(option.value);
      close(true);
      return;
    }
    if (taken.has(option.value)) taken.delete(option.value);
    else if (most === 1) (taken.clear(), taken.add(option.value));
    else if (taken.size < most) taken.add(option.value);
    at = index;
    draw();
  }

  function filter(text) {
    const wanted = text.toLowerCase();
    shown = options.filter((option) => `${option.label} ${option.description ?? ""}`.toLowerCase().includes(wanted));
    at = 0;
    draw();
  }

  function keys(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };
    if (event.key in steps) move(at + steps[event.key]);
    else if (event.key === "Home" && !search) move(0);
    else if (event.key === "End" && !search) move(shown.length - 1);
    else if (event.key === "Enter" || (event.key === " " && !search)) event.target === finish ? close(true) : take(at);
    else if (event.key === "Escape") close(false);
    else if (event.key === "Tab") {
      if (finish && event.target === field) finish.focus();
      else field.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function outside(event) {
    if (!box.contains(event.target)) close(several && ready());
  }

  function close(take) {
    if (open?.box !== box) return;
    open = null;
    document.removeEventListener("pointerdown", outside, true);
    box.remove();
    root.classList.remove("dimmed");
    anchor.setAttribute("aria-expanded", "false");
    const back = anchor.isConnected ? anchor : anchor.dataset.key && [...root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === anchor.dataset.key);
    back?.focus?.({ preventScroll: true });
    if (take && ready()) done([...taken]);
  }

  open = { box, close };
  draw();
  anchor.setAttribute("aria-expanded", "true");
  beside(box, anchor, root);
  root.classList.toggle("dimmed", box.classList.contains("sheet"));
  list.querySelector(".active")?.scrollIntoView({ block: "nearest" });
  field.focus({ preventScroll: true });
  document.addEventListener("pointerdown", outside, true);
}
