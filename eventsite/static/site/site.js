// What the pages do better with scripts on. None of it is needed.
"use strict";

// Leaving a form with typed text in it asks first.
let unsaved = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-warn-unsaved]")) unsaved = true;
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-warn-unsaved]")) unsaved = false;
});
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// A second click does not send a form twice.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});

// One box ticks all rows of the page, and the bar says how many are.
const boxes = () => [...document.querySelectorAll("input[name=event]")];
function countTicked() {
  const ticked = boxes().filter((box) => box.checked).length;
  const all = document.querySelector("[data-tick-all]");
  if (all) {
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
  document.querySelectorAll("[data-ticked]").forEach((place) => { place.textContent = `${ticked} ticked`; });
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-tick-all], input[name=event]")) countTicked();
});
document.addEventListener("htmx:afterSwap", countTicked);

// Menus close on Escape, and when the click goes elsewhere.
const menus = () => document.querySelectorAll("details.menu[open], details.user-menu[open]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
document.addEventListener("click", (event) => {
  menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});

// What an address holds is copied with one click.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value)
    .then(() => { button.textContent = "Copied"; });
});

const summary = document.getElementById("error-summary");
if (summary) summary.focus();

// What htmx could not fetch is said, not swallowed.
function say(kind, sentence) {
  const alert = document.createElement("div");
  alert.className = `alert alert-${kind} py-2`;
  alert.textContent = sentence;
  document.getElementById("messages")?.replaceChildren(alert);
}
const sayItFailed = () => say("danger", "That did not work: the connection or the server failed. Please try again.");
document.addEventListener("htmx:sendError", sayItFailed);
document.addEventListener("htmx:responseError", sayItFailed);

// What was sent and not saved (the session had ended, the server failed) is filled in again when the form is next opened.
const draft = document.querySelector("form[data-draft]");
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-warn-unsaved]")) {
    const typed = [...new FormData(event.target)].filter(([name]) => name !== "csrfmiddlewaretoken");
    sessionStorage.setItem(`draft:${location.pathname}`, JSON.stringify(typed));
  } else if (event.target.action.endsWith("/logout/")) {
    sessionStorage.clear();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("form[data-warn-unsaved] a.btn")) sessionStorage.clear(); // Cancel
});
if (document.querySelector("#messages .alert-success")) sessionStorage.clear();
const kept = draft && sessionStorage.getItem(`draft:${location.pathname}`);
if (kept) {
  sessionStorage.removeItem(`draft:${location.pathname}`);
  for (const [name, value] of JSON.parse(kept)) if (draft.elements[name]) draft.elements[name].value = value;
  unsaved = true;
  say("info", "What you typed last time was not saved. It is filled in again.");
}
