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

// The next step of a long batch is asked for as soon as this one is shown.
document.querySelectorAll("form[data-continue]").forEach((form) => form.requestSubmit());

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
function sayItFailed() {
  const alert = document.createElement("div");
  alert.className = "alert alert-danger py-2";
  alert.textContent = "That did not work: the connection or the server failed. Nothing you typed is lost; please try again.";
  document.getElementById("messages")?.replaceChildren(alert);
}
document.addEventListener("htmx:sendError", sayItFailed);
document.addEventListener("htmx:responseError", sayItFailed);
