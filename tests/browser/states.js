// What can't be read while it is pointed at, and whose focus can't be seen: every text and every control of the page at
// once, as if all of it were pointed at or had the focus. axe-core looks at a page only as it stands.

() => {
  const TEXT = 4.5, LARGE = 3, SHAPE = 3; // the least contrasts of WCAG 1.4.3 and 1.4.11
  const EVERYTHING = ":not(.none)", NOTHING = ".none"; // weigh as much as a pseudo-class does
  const CONTROLS = "a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex='0']";
  const EXCUSED = ":disabled, [aria-disabled=true], [aria-busy=true], .unseen, script, style, noscript, option, svg";

  function* rules(list) {
    for (const rule of list) {
      if (rule.selectorText) yield rule;
      if (rule.cssRules) yield* rules(rule.cssRules);
    }
  }

  /** Measure as if all of the page were in a state, or nothing; afterwards it is as before. */
  function within(state, which, measure) {
    const changed = [];
    for (const sheet of document.styleSheets) {
      for (const rule of rules(sheet.cssRules)) {
        const before = rule.selectorText;
        const after = before.replace(state, which);
        if (after === before) continue;
        rule.selectorText = after;
        changed.push([rule, before]);
      }
    }
    try {
      return measure();
    } finally {
      for (const [rule, before] of changed) rule.selectorText = before;
    }
  }

  function colour(said) {
    const [red, green, blue, alpha = 1] = said.match(/[\d.]+/g).map(Number);
    if (!said.startsWith("rgb")) throw new Error(`a colour that is not read here: ${said}`);
    return { rgb: [red, green, blue], alpha };
  }

  const over = (upper, lower) => ({ rgb: upper.rgb.map((each, at) => each * upper.alpha + lower.rgb[at] * (1 - upper.alpha)), alpha: 1 });

  function light({ rgb }) {
    const [red, green, blue] = rgb.map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(one, other) {
    const [dark, bright] = [light(one), light(other)].sort((first, second) => first - second);
    return (bright + 0.05) / (dark + 0.05);
  }

  /** How a colour looks on an element, and what is behind it; null where that is a picture, or nothing is shown. */
  function seen(said, element) {
    const layers = said.map(colour);
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      layers.push(colour(style.backgroundColor));
      const brighter = Number(style.filter.match(/brightness\(([\d.]+)\)/)?.[1] ?? 1);
      for (const layer of layers) {
        layer.rgb = layer.rgb.map((each) => Math.min(255, each * brighter));
        layer.alpha *= Number(style.opacity);
      }
    }
    if (layers[0].alpha < 0.1) return null;
    const [front, ...behind] = layers;
    const ground = behind.reduceRight((lower, upper) => over(upper, lower), { rgb: [255, 255, 255], alpha: 1 });
    return { front: over(front, ground), ground };
  }

  const measured = (said, element) => {
    const found = seen([said], element);
    return found ? contrast(found.front, found.ground) : Infinity;
  };

  function shown(element) {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && !element.closest(EXCUSED) && element.checkVisibility({ visibilityProperty: true });
  }

  function named(element) {
    const names = [];
    for (let at = element; at && at !== document.body && names.length < 3; at = at.parentElement) names.unshift([at.localName, ...at.classList].join("."));
    return names.join(" > ");
  }

  function texts() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (/[\p{L}\p{N}]/u.test(walker.currentNode.data) && shown(element)) found.push([element, getComputedStyle(element)]);
    }
    for (const element of document.querySelectorAll("input:not([type=hidden]), textarea")) {
      if (shown(element)) found.push([element, getComputedStyle(element, element.value ? null : "::placeholder")]);
    }
    return found;
  }

  function unreadable(state) {
    const wrong = [];
    for (const [element, style] of texts()) {
      const size = parseFloat(style.fontSize);
      const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? LARGE : TEXT;
      const ratio = measured(style.color, element);
      if (ratio < least) wrong.push(`${state}: ${named(element)}: text of contrast ${ratio.toFixed(2)}`);
    }
    for (const svg of document.querySelectorAll(`:is(${CONTROLS}) > svg`)) {
      const ratio = shown(svg.parentElement) ? measured(getComputedStyle(svg).color, svg.parentElement) : Infinity;
      if (ratio < SHAPE) wrong.push(`${state}: ${named(svg.parentElement)}: drawing of contrast ${ratio.toFixed(2)}`);
    }
    return wrong;
  }

  /** The colours of what may stand around a control that has the focus, and on what they stand. */
  function around(control) {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(control);
    const lines = outlineStyle === "none" || parseFloat(outlineWidth) < 1 ? [] : [[outlineColor, control.parentElement]];
    for (let at = control, up = 0; at && up < 3; at = at.parentElement, up += 1) {
      const { borderTopColor, borderTopWidth } = getComputedStyle(at);
      if (parseFloat(borderTopWidth) >= 1) lines.push([borderTopColor, at]);
    }
    return lines.map(([said, on]) => ({ said, on, ratio: measured(said, on) }));
  }

  const controls = [...document.querySelectorAll(CONTROLS)].filter((each) => shown(each));
  const focus = /:focus(-visible|-within)?(?![\w-])/g;
  const hover = /:hover(?![\w-])/g;
  const before = within(focus, NOTHING, () => new Map(controls.map((each) => [each, new Set(around(each).map(({ said }) => said))])));
  const unseen = () => controls
    .filter((each) => !around(each).some(({ said, ratio }) => ratio >= SHAPE && !before.get(each).has(said)))
    .map((each) => `focus: ${named(each)}: nothing shows it`);
  const found = [...within(hover, EVERYTHING, () => unreadable("hover")), ...within(focus, EVERYTHING, () => [...unreadable("focus"), ...unseen()])];
  return [...new Set(found)];
}
