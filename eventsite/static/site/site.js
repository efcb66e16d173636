// Optional improvements. Every page works without scripts.
"use strict";

// Ask before the user leaves a form with unsaved text.
let unsaved = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-warn-unsaved]")) unsaved = true;
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-warn-unsaved]")) unsaved = false;
});
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// A double click sends a form only once.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});

// One checkbox selects all rows of the page; the bar shows how many are selected.
const boxes = () => [...document.querySelectorAll("input[name=event]")];
function countSelected() {
  const selected = boxes().filter((box) => box.checked).length;
  const all = document.querySelector("[data-select-all]");
  if (all) {
    all.checked = selected > 0 && selected === boxes().length;
    all.indeterminate = selected > 0 && !all.checked;
  }
  document.querySelectorAll("[data-selected]").forEach((count) => { count.textContent = `${selected} selected`; });
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-select-all], input[name=event]")) countSelected();
});
document.addEventListener("htmx:afterSwap", countSelected);

// Escape, or a click outside, closes open menus.
const menus = () => document.querySelectorAll("details.menu[open], details.user-menu[open]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
document.addEventListener("click", (event) => {
  menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});

const summary = document.getElementById("error-summary");
if (summary) summary.focus();

// Show a message when a request of htmx fails.
function showMessage(kind, text) {
  const alert = document.createElement("div");
  alert.className = `alert alert-${kind} py-2`;
  alert.textContent = text;
  document.getElementById("messages")?.replaceChildren(alert);
}
const showFailure = () => showMessage("danger", "The connection or the server failed. Please try again.");
document.addEventListener("htmx:sendError", showFailure);
document.addEventListener("htmx:responseError", showFailure);

// Keep the text of a form that was sent but not saved (invalid input, an expired session, a server error), and fill it in
// when the form is opened again. The key is the user and the address, including which event was copied or which day chosen.
function draftKey(form, page = form.action) {
  const address = new URL(page);
  address.searchParams.delete("list");
  return `draft:${form.dataset.person}:${address.pathname}${address.search}`;
}
function removeDrafts(form) {
  for (const address of [form.action, location]) sessionStorage.removeItem(draftKey(form, address));
}
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-warn-unsaved]")) {
    const typed = [...new FormData(event.target)].filter(([name]) => name !== "csrfmiddlewaretoken");
    removeDrafts(event.target); // the form of a deleted event has another address than its page
    sessionStorage.setItem(draftKey(event.target), JSON.stringify(typed));
    sessionStorage.setItem("sent", draftKey(event.target));
  } else if (/\/(logout|sign-out-everywhere)\/$/.test(event.target.action)) {
    sessionStorage.clear();
  }
});
document.addEventListener("click", (event) => {
  const form = event.target.closest("form[data-warn-unsaved] a.btn")?.closest("form"); // Cancel
  if (form) removeDrafts(form);
});
if (document.querySelector("#messages .alert-success")) sessionStorage.removeItem(sessionStorage.getItem("sent"));
sessionStorage.removeItem("sent");
const form = document.querySelector("form[data-draft]");
const draft = form && sessionStorage.getItem(draftKey(form));
if (draft) {
  removeDrafts(form);
  for (const [name, value] of JSON.parse(draft)) if (form.elements[name]) form.elements[name].value = value;
  unsaved = true;
  showMessage("info", "Your unsaved text was restored.");
}
