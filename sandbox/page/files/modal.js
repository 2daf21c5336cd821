// A form that the bot opens: texts, selects, files, checkboxes, sent as they are filled in.

import { el, fileContent, icon } from "./dom.js";
import { draw } from "./components.js";
import { markup } from "./markup.js";

/** Open a form over the client; `send` gets the fields by id and rejects with what was wrong with them. */
export function openModal(modal, { scene, send, closed }) {
  const { words } = scene.reader;
  const read = new Map();
  const before = document.activeElement;
  const trouble = el("p", { class: "note failed", role: "alert" });
  const submit = el("button", { type: "submit", class: "button primary" }, words.submit);
  const form = el("form", { novalidate: true, on: { submit: sent } },
    el("header", {}, el("h2", { id: "form-title" }, modal.title),
      el("button", { type: "button", class: "plain", "aria-label": words.close, on: { click: () => close() } }, icon("close"))),
    el("div", { class: "fields" }, modal.components.map(row), trouble),
    el("footer", {}, el("button", { type: "button", class: "button secondary", on: { click: () => close() } }, words.cancel), submit));
  const box = el("div", { class: "veil", on: { keydown: keys } },
    el("div", { class: "form", role: "dialog", "aria-modal": "true", "aria-labelledby": "form-title" }, form));

  function row(part, number) {
    if (part.type === 10) return el("div", { class: "words" }, markup(part.content, scene.reader));
    if (part.type === 1) return labelled(part.components[0].label, null, part.components[0], number);
    return labelled(part.label, part.description, part.component, number);
  }

  function labelled(label, hint, field, number) {
    const id = `field-${number}`;
    const needed = field.required !== false && field.type !== 23;
    const made = input(field, id, label, hint);
    const count = field.type === 4 && field.max_length ? counter(made, field.max_length) : null;
    return el("div", { class: "field" },
      el("label", { for: id }, label, needed && el("span", { class: "needed", title: words.required, "aria-hidden": "true" }, " *")),
      hint && el("small", { id: `${id}-hint` }, hint), made, count);
  }

  function counter(made, most) {
    const shown = el("small", { class: "count", "aria-hidden": "true" });
    const tell = () => (shown.textContent = `${[...made.value].length} / ${most}`);
    made.addEventListener("input", tell);
    tell();
    return shown;
  }

  function input(field, id, label, hint) {
    const name = field.custom_id;
    const about = { id, "aria-describedby": hint && `${id}-hint`, "aria-required": field.required !== false };
    if (field.type === 4) {
      const shape = { ...about, value: field.value ?? "", placeholder: field.placeholder, maxlength: field.max_length };
      const made = field.style === 2 ? el("textarea", { ...shape, rows: "5" }) : el("input", { ...shape, type: "text" });
      read.set(name, () => made.value);
      return made;
    }
    if (field.type === 19) {
      const made = el("input", { ...about, type: "file", multiple: (field.max_values ?? 1) > 1 });
      read.set(name, () => Promise.all([...made.files].map(fileContent)));
      return made;
    }
    if (field.type === 21 || field.type === 22) return group(field, name, about, label);
    if (field.type === 23) {
      const made = el("input", { ...about, type: "checkbox", checked: Boolean(field.default) });
      read.set(name, () => made.checked);
      return made;
    }
    return chooser(field, name, label, about);
  }

  function group(field, name, about, label) {
    const type = field.type === 21 ? "radio" : "checkbox";
    const kind = field.type === 21 ? { role: "radiogroup" } : { role: "group", "aria-required": undefined }; // which no group may have
    const made = el("div", { ...about, ...kind, "aria-label": label, class: "choices" },
      field.options.map((option) => el("label", {}, el("input", { type, name, value: option.value, checked: Boolean(option.default) }),
        el("span", {}, option.label, option.description && el("small", {}, option.description)))));
    const chosen = () => [...made.querySelectorAll("input:checked")].map((each) => each.value);
    read.set(name, () => (field.type === 21 ? chosen()[0] ?? null : chosen()));
    return made;
  }

  // A select of a form is one of a message, whose press only remembers what was chosen.
  function chooser(field, name, label, about) {
    let values;
    const least = field.required === false ? 0 : field.min_values ?? 1;
    const place = el("div", { class: "row" });
    const redraw = () => {
      const offered = scene.offered(field).map((option) => ({ ...option, chosen: values ? values.includes(option.value) : option.chosen }));
      const made = draw({ ...field, min_values: least }, { ...scene, get root() { return box; }, offered: () => offered, press: (_, chosen) => ((values = chosen), redraw(), place.firstChild.focus()) });
      made.id = about.id;
      made.setAttribute("aria-label", `${label}: ${made.getAttribute("aria-label")}`);
      if (about["aria-describedby"]) made.setAttribute("aria-describedby", about["aria-describedby"]);
      place.replaceChildren(made);
    };
    redraw();
    read.set(name, () => values);
    return place;
  }

  async function sent(event) {
    event.preventDefault();
    submit.setAttribute("aria-busy", "true");
    submit.disabled = true;
    trouble.textContent = "";
    try {
      const fields = {};
      for (const [name, value] of read) {
        const given = await value();
        if (given !== undefined) fields[name] = given;
      }
      await send(fields);
      close();
    } catch (error) {
      trouble.textContent = error.message;
    } finally {
      submit.removeAttribute("aria-busy");
      submit.disabled = false;
    }
  }

  function keys(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  }

  function close() {
    box.remove();
    for (const each of document.querySelectorAll("[data-under-form]")) {
      each.inert = false;
      delete each.dataset.underForm;
    }
    closed?.();
    const back = before?.isConnected ? before : before?.dataset?.key && [...scene.root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === before.dataset.key);
    back?.focus?.({ preventScroll: true });
  }

  for (const each of [...scene.root.children, document.getElementById("bar")]) {
    each.inert = true;
    each.dataset.underForm = "";
  }
  scene.root.append(box);
  (box.querySelector("input:not([type=file]), textarea, .select") ?? submit).focus();
  return close;
}
