// Everything in a grid can be done with the keyboard: one clip at a time has the focus, and keys act on it.

const KEYS = [
  ["← → ↑ ↓", "Go from clip to clip"],
  ["Home End", "To the first, or the last clip"],
  ["Space", "Play or pause all"],
  [", .", "One frame back, or on"],
  ["J L", "One second back, or on"],
  ["< >", "Slower, or faster"],
  ["R", "Repeat, or stop at the end"],
  ["S", "Hear this clip, wherever the pointer is"],
  ["M", "Sound off, or on"],
  ["Enter", "Enlarge this clip"],
  ["1 – 5 0", "Give stars, or take them away"],
  ["X", "Reject, or take that back"],
  ["G", "Write tags"],
  ["T", "Swap rows and columns"],
  ["B", "Blind comparison"],
  ["?", "This list"],
];

class Keyboard {
  constructor(grid) {
    this.grid = grid;
    const close = iconButton("cross", "Close (Esc)", () => this.dialog.close());
    const title = make("div", { className: "ltxv-g-large-title" }, "Keys");
    const rows = KEYS.map(([keys, words]) => make("tr", {}, make("th", { scope: "row" }, ...caps(keys)), make("td", {}, words)));
    const table = make("table", {}, make("tbody", {}, ...rows));
    const about = { className: "ltxv-g-dialog ltxv-g-keys", "aria-label": "Keys" };
    this.dialog = make("dialog", about, make("div", { className: "ltxv-g-top" }, title, close), table);
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.pressed = this.pressed.bind(this);
  }

  show() {
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Listen on the window, before anything in it: JupyterLab has commands on plain keys, and listens on the document. */
  listen() {
    window.addEventListener("keydown", this.pressed, true);
    return () => window.removeEventListener("keydown", this.pressed, true);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.grid.element.contains(event.target)) return;
    if (event.target.matches("input[type=text]") || event.key === "Tab") return;
    event.stopImmediatePropagation();
    if (!this.dialog.open && this.does(event)) event.preventDefault();
  }

  /** Do what a key says; whether it says something here. */
  does(event) {
    const { grid } = this;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (grid.blind.open && grid.blind.key(key)) return true;
    if (key === " " && event.target.matches("button,select")) return false;
    const tile = grid.lightbox.tile ?? (grid.blind.open ? null : grid.tiles[grid.current]);
    const act = this.everywhere(key) ?? (tile ? this.onTile(key, tile) : null) ?? this.between(key, tile, event.target);
    act?.();
    return !!act;
  }

  everywhere(key) {
    const { grid } = this;
    const { transport, bar } = grid;
    const alone = grid.lightbox.open || grid.blind.open;
    return {
      " ": () => transport.toggle(),
      k: () => transport.toggle(),
      ",": () => grid.step(-1),
      ".": () => grid.step(1),
      j: () => transport.seek(transport.time - 1),
      l: () => transport.seek(transport.time + 1),
      "<": () => bar.changeSpeed(-1),
      ">": () => bar.changeSpeed(1),
      r: () => bar.toggleLoop(),
      m: () => bar.setSilent(!bar.silent),
      "?": () => this.show(),
      b: () => alone || grid.blindButton.hidden || grid.blind.begin(),
      t: () => alone || grid.swap(),
    }[key];
  }

  onTile(key, tile) {
    const { grid } = this;
    if (/^[0-5]$/.test(key)) return () => grid.rate(tile, Number(key));
    return {
      s: () => grid.lightbox.open || grid.pin(tile),
      x: () => grid.reject(tile),
      g: () => grid.writeTags(tile),
    }[key];
  }

  /** Keys that lead from one clip to another, unless a control has them. */
  between(key, tile, target) {
    const { lightbox } = this.grid;
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (lightbox.open) return sideways && target.type !== "range" ? () => lightbox.go(sideways) : null;
    if (!tile || target.matches("button,select,input")) return null;
    if (key === "Enter") return () => lightbox.show(tile);
    return /^(Arrow|Home$|End$)/.test(key) ? () => this.move(key) : null;
  }

  move(key) {
    const { grid } = this;
    const order = grid.order();
    const here = grid.tiles[grid.current];
    const at = order.indexOf(here);
    const target = {
      ArrowLeft: () => order[at - 1],
      ArrowRight: () => order[at + 1],
      ArrowUp: () => beyond(here, grid.tiles, false),
      ArrowDown: () => beyond(here, grid.tiles, true),
      Home: () => order[0],
      End: () => order[order.length - 1],
    }[key]();
    grid.focus(target);
  }
}

/** Return the tile above or below: of the next line the one that stands nearest. */
function beyond(tile, tiles, down) {
  const from = tile.element.getBoundingClientRect();
  const lies = ([, box]) => (down ? box.top >= from.bottom - 1 : box.bottom <= from.top + 1);
  const far = ([, box]) => Math.abs(box.top - from.top) * 10 + Math.abs(box.left - from.left);
  const others = tiles.map((one) => [one, one.element.getBoundingClientRect()]).filter(lies);
  return others.reduce((best, one) => (best && far(best) <= far(one) ? best : one), null)?.[0];
}

const caps = (keys) => keys.split(" ").map((key) => (key === "–" ? "–" : make("kbd", {}, key)));
