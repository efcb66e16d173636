// Passkeys: adds one to the account, and signs in with one. Each form asks the server for options, the browser for the
// passkey, and sends it. A form stays hidden if the browser cannot use passkeys here.
"use strict";
(() => {
  const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const CONNECTION_FAILED = "The connection or the server failed. Please try again.";
  const SENTENCES = { // by the name of the browser's error
    InvalidStateError: "This device or security key already has a passkey for your account.",
    NotAllowedError: "No passkey was used. You cancelled, it took too long, or there is none for this site.",
    NotSupportedError: "This device or security key cannot keep a passkey. Choose another one.",
    ConstraintError: "This device or security key has no screen lock, fingerprint or PIN. Set one up first.",
    SecurityError: "The browser does not allow passkeys at this address.",
    TypeError: CONNECTION_FAILED, // of fetch
  };

  class Refused extends Error {} // the server's sentence

  async function post(address, form) {
    const response = await fetch(address, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
      redirect: "error", // to the page that asks to sign in
    });
    const received = await response.json();
    if (response.ok) return received;
    const stale = ["forbidden", "csrf_failed"].includes(received.code);
    throw new Refused(stale ? "This page was open for too long. Reload it and try again." : received.detail);
  }

  // What navigator.credentials needs, from what the server sends, and the other way round.
  function prepared(options) {
    const known = (list) => list?.map((one) => ({ ...one, id: decode(one.id) })) ?? [];
    const made = { ...options, challenge: decode(options.challenge) };
    if (options.user) made.user = { ...options.user, id: decode(options.user.id) };
    if (options.excludeCredentials) made.excludeCredentials = known(options.excludeCredentials);
    if (options.allowCredentials) made.allowCredentials = known(options.allowCredentials);
    return made;
  }
  function readable(credential) {
    const response = { transports: credential.response.getTransports?.() };
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = encode(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: encode(credential.rawId), type: credential.type, response });
  }

  function showError(form, sentence) {
    const summary = document.createElement("div");
    Object.assign(summary, { className: "alert alert-danger", id: "error-summary", tabIndex: -1 });
    summary.setAttribute("role", "alert");
    const [heading, list, item] = ["p", "ul", "li"].map((tag) => document.createElement(tag));
    Object.assign(heading, { className: "fw-semibold mb-1", textContent: "1 error:" });
    list.className = "mb-0";
    item.textContent = sentence;
    list.append(item);
    summary.append(heading, list);
    form.querySelector("[data-errors]").replaceChildren(summary);
    summary.focus();
  }

  async function run(form) {
    const button = form.querySelector("button");
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    document.getElementById("error-summary")?.remove();
    try {
      const publicKey = prepared(await post(form.dataset.options, form));
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.credential.value = readable(credential);
      if (form.dataset.passkey === "create") form.submit(); // the response is a page
      else location.assign((await post(form.action, form)).location);
    } catch (error) {
      form.elements.credential.value = "";
      button.removeAttribute("aria-busy");
      showError(form, error instanceof Refused ? error.message : SENTENCES[error.name] ?? CONNECTION_FAILED);
    }
  }

  window.addEventListener("pageshow", () => { // the browser may show the page again as it was
    document.querySelectorAll("form[data-passkey] [aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });
  const supported = Boolean(window.PublicKeyCredential && navigator.credentials);
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = !supported;
    form.addEventListener("submit", (event) => { event.preventDefault(); run(form); });
  }
  for (const hint of document.querySelectorAll("[data-without-passkeys]")) hint.hidden = supported;
})();
