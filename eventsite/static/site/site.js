// Optional improvements. Every page works without scripts.
"use strict";

// Refuse to insert a text that is too long: a browser can take minutes to show a few megabytes.
document.addEventListener("beforeinput", (event) => {
  const field = event.target, most = Number(field.dataset.mostCharacters);
  if (!most || !event.data) return;
  const length = field.value.length - (field.selectionEnd - field.selectionStart) + event.data.length;
  if (length <= most) return;
  event.preventDefault();
  const text = `The text is too long, so it was not inserted: ${length.toLocaleString("en")} characters instead of at most `;
  showMessage("danger", `${text}${most.toLocaleString("en")}. What you typed before is still here.`);
  document.getElementById("messages").scrollIntoView({ block: "nearest" });
});

// Ask before the user leaves a form with unsaved text.
let unsaved = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-warn-unsaved]")) unsaved = true;
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-warn-unsaved]")) unsaved = false;
});
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// A double click sends a form only once. While a page or a part of it loads, there is a thin line at the top, and the
// button is busy. No event tells that loading was stopped, so after Escape, or some seconds, a form can be sent again.
const root = document.documentElement;
const SECONDS_UNTIL_SENT_AGAIN = 10;
let forgetting;
document.addEventListener("htmx:beforeRequest", () => root.classList.add("loading"));
document.addEventListener("htmx:afterRequest", () => root.classList.remove("loading"));
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method === "post") form.dataset.sent = "yes";
  root.classList.add("loading");
  event.submitter?.setAttribute("aria-busy", "true");
  clearTimeout(forgetting);
  forgetting = setTimeout(forgetSent, SECONDS_UNTIL_SENT_AGAIN * 1000);
});
function forgetSent() {
  root.classList.remove("loading");
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}
window.addEventListener("pageshow", forgetSent);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") forgetSent(); });
function announce(text) {
  const line = document.getElementById("announcement");
  if (line) line.textContent = text;
}

// One checkbox selects all rows of the page, a click with Shift selects a range; the bar shows how many are selected.
const boxes = () => [...document.querySelectorAll("input[name=event]")];
let lastBox = null;
function countSelected() {
  const selected = boxes().filter((box) => box.checked).length;
  const all = document.querySelector("[data-select-all]");
  if (all) {
    all.checked = selected > 0 && selected === boxes().length;
    all.indeterminate = selected > 0 && !all.checked;
  }
  const every = document.querySelector("input[name=all]:checked");
  const text = every ? every.labels[0].textContent.replace("Select all", "All") : `${selected} selected`;
  document.querySelectorAll("[data-selected]").forEach((count) => { count.textContent = text; });
}
document.addEventListener("click", (event) => {
  if (!event.target.matches("input[name=event]")) return;
  const all = boxes();
  if (event.shiftKey && all.includes(lastBox)) {
    const [from, to] = [all.indexOf(lastBox), all.indexOf(event.target)].sort((a, b) => a - b);
    all.slice(from, to + 1).forEach((box) => { box.checked = event.target.checked; });
  }
  lastBox = event.target;
  countSelected();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-select-all], input[name=event], input[name=all]")) countSelected();
});
document.addEventListener("reset", () => setTimeout(countSelected));
document.addEventListener("htmx:afterSettle", () => {
  countSelected();
  const count = document.getElementById("count");
  if (count) announce(count.textContent.trim());
  for (const link of document.querySelectorAll("a[data-keep-query]")) { // an export has the filter of the list
    const query = new URLSearchParams(location.search);
    query.delete("after"); query.delete("before");
    query.set("format", new URL(link.href).searchParams.get("format"));
    link.search = query;
  }
});

// The menu of a status: a popover below the label that was clicked. The arrow keys move within any menu.
const statusMenu = document.getElementById("status-menu");
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-status]");
  if (!link || !statusMenu?.showPopover || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  statusMenu.querySelector("form").action = link.href;
  statusMenu.querySelector("a").href = link.href;
  statusMenu.showPopover();
  const at = link.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - statusMenu.offsetWidth - 8);
  const below = at.bottom + 4 + statusMenu.offsetHeight < innerHeight;
  statusMenu.style.left = `${left + scrollX}px`;
  statusMenu.style.top = `${(below ? at.bottom + 4 : at.top - 4 - statusMenu.offsetHeight) + scrollY}px`;
  const items = [...statusMenu.querySelectorAll("button")];
  (items.find((item) => item.value === link.textContent.trim()) ?? items[0])?.focus();
  statusMenu.addEventListener("toggle", (toggled) => { if (toggled.newState === "closed") link.focus(); }, { once: true });
});
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest(".pop");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step || event.target.matches("input, select")) return;
  const items = [...menu.querySelectorAll(".pop-item")];
  items.at((items.indexOf(event.target) + step) % items.length)?.focus();
  event.preventDefault();
});

// Buttons that copy an address or a secret. They are hidden without scripts.
for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  } catch { // the browser does not allow it
    getSelection().selectAllChildren(source);
    source.select?.();
    done = "Not allowed: copy the selected text";
  }
  const text = button.lastChild;
  text.textContent = done;
  announce(done);
  setTimeout(() => { text.textContent = "Copy"; }, done === "Copied" ? 2000 : 8000);
});

// Escape, or a click outside, closes open menus.
const menus = () => document.querySelectorAll("details.menu[open]");
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
  alert.className = `alert alert-${kind}`;
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

// The calendar. In it, the arrow keys go to another day, Page Up and Page Down to another month or week.
const grid = document.querySelector("[data-calendar]");
const days = grid ? [...grid.children] : [];
document.querySelectorAll("[data-needs-scripts]").forEach((hint) => { hint.hidden = false; });
grid?.addEventListener("keydown", (event) => {
  const page = { PageUp: "prev", PageDown: "next" }[event.key];
  const down = getComputedStyle(grid).display === "grid" ? 7 : 1;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: down, ArrowUp: -down }[event.key];
  if ((!page && !step) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (page) {
    sessionStorage.setItem("in-calendar", "yes"); // the next page keeps the focus there
    document.querySelector(`main a[rel=${page}]`)?.click();
    return;
  }
  let at = days.indexOf(event.target.closest(".month-day")) + step;
  while (days[at] && !(days[at].dataset.date && days[at].offsetHeight)) at += step;
  focusDay(days[at]);
});
function focusDay(day) {
  if (!day) return;
  day.tabIndex = -1;
  day.focus();
}
if (grid && sessionStorage.getItem("in-calendar")) focusDay(days.find((day) => day.dataset.date));
sessionStorage.removeItem("in-calendar");

// An event that is dragged to another day is moved there, like its form "Move" does.
const move = document.getElementById("move");
let dragged = null;
const dayBelow = (event) => dragged && event.target.closest?.(".month-day[data-date]");
const mark = (day) => days.forEach((other) => other.classList.toggle("drop", other === day));
if (move) {
  grid.addEventListener("dragstart", (event) => { dragged = event.target.closest?.(".month-event")?.querySelector(".month-move"); });
  grid.addEventListener("dragover", (event) => { if (dayBelow(event)) { event.preventDefault(); mark(dayBelow(event)); } });
  grid.addEventListener("dragend", () => { dragged = null; mark(null); });
  grid.addEventListener("drop", (event) => {
    const day = dayBelow(event);
    if (!day) return;
    event.preventDefault();
    if (day === dragged.closest(".month-day")) return;
    move.action = dragged.href;
    move.elements.date.value = day.dataset.date;
    move.requestSubmit();
  });
}
