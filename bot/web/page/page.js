// The secret of a link stands behind the #, which no server sees. It leaves the address at once, and signs in by a press.
"use strict";

const EVERY = 5000; // milliseconds between two looks

function offerSignIn(form) {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  form.elements.secret.value = secret;
  form.hidden = !secret;
  document.getElementById("no-link").hidden = Boolean(secret);
  if (secret) form.querySelector("button").focus();
}

function isBusy(main) {
  return document.hidden || main.contains(document.activeElement) || main.querySelector("details[open]") !== null;
}

async function refresh() {
  const main = document.getElementById("main");
  if (!isBusy(main)) {
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store", redirect: "error" });
      if (answer.status === 401) location.reload();
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!isBusy(main)) main.replaceChildren(...page.getElementById("main").childNodes);
      }
    } catch {
      // the bot may be starting anew: the next look tells
    }
  }
  setTimeout(refresh, EVERY);
}

const form = document.getElementById("sign-in");
if (form) {
  offerSignIn(form);
  addEventListener("hashchange", () => location.hash && offerSignIn(form));
}
if ("live" in document.body.dataset) setTimeout(refresh, EVERY);
