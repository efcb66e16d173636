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

// A form that was sent but not saved (it was invalid, the session had ended, the server failed) is filled in again when
// it is next opened. A draft belongs to one person and one form: what was copied or which day was chosen is part of it.
function draftKey(form, page = form.action) {
  const address = new URL(page);
  address.searchParams.delete("list");
  return `draft:${form.dataset.person}:${address.pathname}${address.search}`;
}
function forget(form) {
  for (const address of [form.action, location]) sessionStorage.removeItem(draftKey(form, address));
}
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-warn-unsaved]")) {
    const typed = [...new FormData(event.target)].filter(([name]) => name !== "csrfmiddlewaretoken");
    forget(event.target); // the form of a deleted event is sent to another address than its page's
    sessionStorage.setItem(draftKey(event.target), JSON.stringify(typed));
    sessionStorage.setItem("sent", draftKey(event.target));
  } else if (/\/(logout|sign-out-everywhere)\/$/.test(event.target.action)) {
    sessionStorage.clear();
  }
});
document.addEventListener("click", (event) => {
  const form = event.target.closest("form[data-warn-unsaved] a.btn")?.closest("form"); // Cancel
  if (form) forget(form);
});
if (document.querySelector("#messages .alert-success")) sessionStorage.removeItem(sessionStorage.getItem("sent"));
sessionStorage.removeItem("sent");
const form = document.querySelector("form[data-draft]");
const draft = form && sessionStorage.getItem(draftKey(form));
if (draft) {
  forget(form);
  for (const [name, value] of JSON.parse(draft)) if (form.elements[name]) form.elements[name].value = value;
  unsaved = true;
  say("info", "What you typed last time was not saved. It is filled in again.");
}
