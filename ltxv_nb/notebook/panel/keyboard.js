// What the keyboard does in the panel: Ctrl+Enter generates, and the arrow keys move within segmented buttons.

// What takes plain keys without JupyterLab's knowing; of texts it knows.
const CONTROLS = "button, select, input[type=radio], input[type=checkbox]";
const KEPT = new Set(["Escape", "Tab"]);

/** Make the buttons of one choice one group, with its name: for the arrow keys, and for screen readers. */
function group(panel) {
  for (const box of panel.querySelectorAll(".ltxv-segments .widget-radio-box")) {
    const label = box.parentElement.querySelector(".widget-label");
    box.setAttribute("role", "radiogroup");
    box.setAttribute("aria-label", label?.textContent ?? "");
    box.dataset.group ||= `ltxv-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    for (const button of box.querySelectorAll("input:not([name])")) button.name = box.dataset.group;
  }
}

function render({ model, el }) {
  const id = `${Date.now()}-${Math.random()}`; // of this view: a panel can be shown twice
  const ours = () => el.closest(".ltxv-panel");

  const onKey = (event) => {
    if (event.isComposing || !ours()?.contains(event.target)) return;
    if (!(event.ctrlKey || event.metaKey)) {
      // JupyterLab has commands on plain keys, such as "d" twice for deleting the cell, and the arrow keys.
      if (!KEPT.has(event.key) && !event.altKey && event.target.matches(CONTROLS)) event.stopImmediatePropagation();
      return;
    }
    if (event.key !== "Enter") return;
    event.preventDefault(); // in JupyterLab, it would run the cell again
    event.stopImmediatePropagation();
    if (event.repeat) return;
    // Some fields tell the kernel what was typed when they are left; this counts as leaving.
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
    // While one change is on its way to the kernel, the page holds the next one back. It follows before the
    // answer to this question is here, and so before the request is submitted.
    model.send({ kind: "ask", id });
  };
  const onMessage = (message) => {
    if (message.kind === "answer" && message.id === id) model.send({ kind: "generate" });
  };

  const watcher = new MutationObserver(() => ours() && group(ours()));
  const begin = () => {
    if (!el.isConnected) return requestAnimationFrame(begin);
    if (!ours()) return;
    watcher.observe(ours(), { childList: true, subtree: true });
    group(ours());
    model.send({ kind: "ready" });
  };
  // On the window, and before anything in it: JupyterLab listens on the document.
  window.addEventListener("keydown", onKey, true);
  model.on("msg:custom", onMessage);
  begin();
  return () => {
    window.removeEventListener("keydown", onKey, true);
    model.off("msg:custom", onMessage);
    watcher.disconnect();
  };
}

export default { render };
