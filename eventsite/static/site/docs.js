// "Try it out" loads Swagger UI. Its dark colours depend on a class.
"use strict";
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
function follow() {
  const { theme } = root.dataset;
  root.classList.toggle("dark-mode", theme ? theme === "dark" : dark.matches);
}
dark.addEventListener("change", follow);
follow();

const [button, menu, failure, reference, swagger, files] =
  ["try-it-out", "menu", "not-loaded", "reference", "swagger", "swagger-files"].map((id) => document.getElementById(id));
function load() {
  const content = files.content.cloneNode(true);
  root.classList.add("loading");
  for (const script of content.querySelectorAll("script[src]")) {
    script.async = false; // run in their order
    script.addEventListener("load", () => root.classList.remove("loading"));
    script.addEventListener("error", () => {
      root.classList.remove("loading");
      show(false);
      button.hidden = true;
      failure.hidden = false;
    });
  }
  swagger.append(content);
}
function show(trying) {
  swagger.hidden = !trying;
  reference.hidden = trying;
  button.textContent = trying ? "Show the reference" : "Try it out";
  if (trying && !swagger.childElementCount) load();
}
button.addEventListener("click", () => show(swagger.hidden));
button.hidden = false;
menu.addEventListener("click", (event) => {
  if (!event.target.closest("a")) return;
  if (menu.matches(":popover-open")) menu.hidePopover();
  show(false);
});
if (location.hash.startsWith("#/")) show(true); // the address of an operation in Swagger UI
